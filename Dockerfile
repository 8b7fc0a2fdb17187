FROM python:3.13-slim AS build
WORKDIR /src
COPY . .
RUN python -m venv /opt/vaxel \
    && /opt/vaxel/bin/pip install --no-cache-dir --require-hashes -r .ci/run.lock \
    && /opt/vaxel/bin/pip install --no-cache-dir --no-deps .

FROM python:3.13-slim
COPY --from=build /opt/vaxel /opt/vaxel
RUN useradd --system --uid 10001 --home-dir /home/vaxel --create-home vaxel \
    && install -d -o vaxel /srv/vaxel
USER vaxel
ENV PATH=/opt/vaxel/bin:$PATH VAXEL_HOME=/srv/vaxel VAXEL_HOST=0.0.0.0
VOLUME /srv/vaxel
EXPOSE 8080 8443
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s \
    CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8080/health/ready', timeout=2)"]
CMD ["sh", "-c", "test -f \"$VAXEL_HOME/logical_addresses.yaml\" || vaxel init \"$VAXEL_HOME\"; exec vaxel serve"]
