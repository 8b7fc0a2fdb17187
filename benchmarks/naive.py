"""What one would write in an afternoon: FastAPI in, httpx out, nothing checked or recorded."""

import os

import httpx
import uvicorn
from fastapi import FastAPI, Request, Response

app = FastAPI()
client = httpx.AsyncClient(limits=httpx.Limits(max_connections=200, max_keepalive_connections=200))


@app.post("/vp")
async def forward(request: Request) -> Response:
    """Forward the body, answer with the answer."""
    answer = await client.post(
        f"http://127.0.0.1:{os.environ['PRODUCER_PORT']}/",
        content=await request.body(),
        headers={"content-type": "text/xml"},
    )
    return Response(answer.content, answer.status_code, media_type="text/xml")


if __name__ == "__main__":
    uvicorn.run(app, host="127.0.0.1", port=int(os.environ["PORT"]), access_log=False, log_level="warning")
