# The local cloud in a container: OSS, ECS images, Function Compute and RAM on port 8000,
# with the function on it. See docs/fakes.md.
#
#   docker build -t image-import .
#   docker run --rm -p 8000:8000 image-import

# Another registry's copy of it, or a newer Python, may take its place.
ARG PYTHON_IMAGE=python:3.12-slim-bookworm

FROM ${PYTHON_IMAGE} AS build
# An index of packages, where the usual one is far: --build-arg PIP_INDEX_URL=...
ARG PIP_INDEX_URL
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore
WORKDIR /src
COPY locks locks
RUN python -m venv /opt/image-import
RUN /opt/image-import/bin/pip install --require-hashes --no-deps -r locks/build.txt && \
    /opt/image-import/bin/pip install --require-hashes --no-deps --no-build-isolation -r locks/demo.txt
COPY pyproject.toml README.md LICENSE ./
COPY functions functions
RUN /opt/image-import/bin/pip install --no-deps --no-build-isolation . && \
    /opt/image-import/bin/pip uninstall --yes setuptools wheel

FROM ${PYTHON_IMAGE}
COPY --from=build /opt/image-import /opt/image-import
ENV PATH=/opt/image-import/bin:$PATH HOME=/tmp PYTHONUNBUFFERED=1
# Nobody, as a number: a cluster can see that it is not root.
USER 65534:65534
WORKDIR /tmp
EXPOSE 8000
# What Python ends at with a line, even as process 1.
STOPSIGNAL SIGINT
HEALTHCHECK --interval=2s --timeout=5s --start-period=30s CMD ["python", "-c", "from http.client import HTTPConnection as C; c = C('127.0.0.1', 8000); c.request('GET', '/_fake/health'); exit(c.getresponse().status != 200)"]
ENTRYPOINT ["image-import"]
CMD ["local", "--host", "0.0.0.0", "--port", "8000"]
