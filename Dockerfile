# An image of the server; docs/docker.md says how it is run, and how its keys are had.

# The Python that everything here is tested with.
FROM python:3.11-slim-bookworm AS build

# "[deep]" brings torch, with which the -v2 recipes train their transformers.
ARG EXTRAS=""

# The pinned versions, also of what builds the package; pip has a name of its own for that since 25.3.
ENV PIP_CONSTRAINT=/source/constraints.txt \
    PIP_BUILD_CONSTRAINT=/source/constraints.txt
WORKDIR /source
COPY pyproject.toml constraints.txt README.md LICENSE ./
COPY src src
RUN python -m venv /opt/tastemaker \
    && /opt/tastemaker/bin/pip install --no-cache-dir --disable-pip-version-check ".${EXTRAS}"

FROM python:3.11-slim-bookworm

# A fixed number, so that the owner of a volume is the same in every version of the image.
RUN groupadd --gid 10001 tastemaker \
    && useradd --uid 10001 --gid tastemaker --no-create-home --home-dir /var/lib/tastemaker --shell /usr/sbin/nologin \
       tastemaker \
    && install --directory --owner tastemaker --group tastemaker --mode 0700 /var/lib/tastemaker

# Of root, so that the server cannot change what it runs.
COPY --from=build --chown=root:root /opt/tastemaker /opt/tastemaker

ENV PATH=/opt/tastemaker/bin:$PATH \
    TASTEMAKER_HOME=/var/lib/tastemaker \
    TASTEMAKER_PORT=8080
VOLUME ["/var/lib/tastemaker"]
EXPOSE 8080
USER 10001:10001

# By a connection of its own: a proxy in the environment would be asked by urllib.
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 \
    CMD ["python", "-c", "import http.client, os, sys; server = http.client.HTTPConnection('127.0.0.1', int(os.environ['TASTEMAKER_PORT']), timeout=4); server.request('GET', '/healthz'); sys.exit(server.getresponse().status != 200)"]

# Beyond loopback, hence with --auth. What follows the image's name are further options of `tastemaker up`.
ENTRYPOINT ["tastemaker", "up", "--host", "0.0.0.0"]
