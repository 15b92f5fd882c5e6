# Images: `db` is the server with what queries need, `web` also serves the pages, `load` also trains
# models, `test` also runs the tests. docs/docker.md says how to use them. Another base, such as one with your certificates:
#     docker build --build-arg BASE=registry.example.org/bookworm --target db .
ARG BASE=debian:bookworm-slim

# What set-up reads is copied first, so that other changes do not repeat it.
FROM ${BASE} AS readers
RUN useradd --system --user-group --uid 5432 --home-dir /opt/pgmuse --no-create-home pgmuse
WORKDIR /opt/pgmuse
COPY pgmuse pyproject.toml requirements.lock README.md LICENSE ./
COPY benchmarks benchmarks
COPY loaders loaders
COPY migrations migrations
COPY udfs udfs
COPY web web
ENV PGMUSE_IMAGE=1 PGMUSE_EXTRAS=""
RUN ./pgmuse setup && chown -R pgmuse:pgmuse var

FROM readers AS db
COPY . .
RUN deploy/docker/finish
USER pgmuse
EXPOSE 5432
# A fast shutdown of PostgreSQL
STOPSIGNAL SIGINT
HEALTHCHECK --interval=10s --timeout=10s --start-period=5m CMD ["./pgmuse", "doctor", "--quick"]
ENTRYPOINT ["deploy/docker/db"]

FROM readers AS pages
ENV PGMUSE_EXTRAS="web"
RUN ./pgmuse setup && chown -R pgmuse:pgmuse var

FROM pages AS web
COPY . .
RUN deploy/docker/finish
USER pgmuse
EXPOSE 8765
ENTRYPOINT ["deploy/docker/web"]

FROM readers AS trainers
ENV PGMUSE_EXTRAS="train web parquet audio samples"
# npm fetches the sample of Wikidata, and goes again.
RUN apt-get update -q && apt-get install -q -y --no-install-recommends npm && ./pgmuse setup && \
    apt-get purge -q -y --auto-remove npm && chown -R pgmuse:pgmuse var

FROM trainers AS load
COPY . .
RUN deploy/docker/finish
USER pgmuse
ENTRYPOINT ["deploy/docker/load"]

FROM trainers AS test
ENV PGMUSE_EXTRAS="train web parquet audio dev samples"
RUN ./pgmuse setup && chown -R pgmuse:pgmuse var
COPY . .
RUN deploy/docker/finish
USER pgmuse
ENTRYPOINT ["./pgmuse", "test"]
