"""`vaxel:monitoring`: PingForConfiguration to the platform's own address (SW-17.9, directory.md DI-6.9)."""

from collections.abc import Callable
from datetime import datetime
from html import escape

from vaxel.call import Body, Call, Handler, Reply

NAMESPACE = "urn:riv:itintegration:monitoring:PingForConfigurationResponder:1"

ANSWER = (
    '<?xml version="1.0" encoding="UTF-8"?>'
    '<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"><soapenv:Body>'
    '<PingForConfigurationResponse xmlns="{namespace}">'
    "<version>{version}</version><pingDateTime>{time}</pingDateTime>"
    "<configuration><name>Applikation</name><value>{application}</value></configuration>"
    "</PingForConfigurationResponse></soapenv:Body></soapenv:Envelope>"
)


def monitoring(version: str, application: str, now: Callable[[], datetime]) -> Handler:
    """Answer with the platform's version, the time (`yyyyMMddHHmmss`, Swedish) and one configuration entry."""

    async def ping(_: Call) -> Reply:
        content = ANSWER.format(
            namespace=NAMESPACE,
            version=escape(version),
            time=now().strftime("%Y%m%d%H%M%S"),
            application=escape(application),
        )
        return Reply(status=200, headers=(), body=Body.whole(content.encode()))

    return ping
