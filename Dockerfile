FROM python:3.13-slim AS build
WORKDIR /source
RUN python -m venv /venv
ENV PATH=/venv/bin:$PATH PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
COPY requirements requirements
RUN pip install --require-hashes -r requirements/runtime.txt \
 && pip install --require-hashes -r requirements/build.txt
COPY pyproject.toml README.md LICENSE ./
COPY api api
COPY models models
COPY services services
COPY alembic alembic
RUN pip install --no-build-isolation --no-deps . \
 && python -m compileall -q /venv/lib

FROM python:3.13-slim
COPY --from=build /venv /venv
ENV PATH=/venv/bin:$PATH NOMAYBE_DATA_DIR=/data PYTHONUNBUFFERED=1
RUN useradd --uid 10001 --no-create-home nomaybe && install -d -o nomaybe /data
USER 10001
VOLUME /data
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=5s CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8000/livez', timeout=4)"]
ENTRYPOINT ["nomaybe"]
CMD ["serve", "--host", "0.0.0.0"]
