# The page and the Caddyfile on Caddy. Context: the repository.
#
# Without the two images below at hand (offline): build the page first (tools/build_page), then give
#   --build-arg PAGE_DIST=dashboard/dist --build-arg NODE_IMAGE=debian:bookworm-slim --build-arg CADDY_IMAGE=<one with caddy>
ARG NODE_IMAGE=node:22-bookworm-slim
ARG CADDY_IMAGE=caddy:2.11

FROM ${NODE_IMAGE} AS page
WORKDIR /src
# A folder of the context with the built page; then it is not built here.
ARG PAGE_DIST=
COPY . .
RUN if [ -n "$PAGE_DIST" ]; then cp -r "$PAGE_DIST" /page; \
    else cd dashboard && npm ci --no-audit --no-fund --loglevel=error && npm run --silent build && cp -r dist /page; fi

FROM ${CADDY_IMAGE}
COPY --from=page /page /srv/page
COPY Caddyfile /etc/caddy/Caddyfile
