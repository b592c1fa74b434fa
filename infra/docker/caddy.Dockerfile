# Caddy with every public path and the built web app: the only door, in docker compose and in Kubernetes.

FROM node:24.11.1-trixie-slim AS build
WORKDIR /src/web
COPY web/package.json web/package-lock.json ./
RUN npm ci --no-audit --no-fund
COPY web ./
RUN npm run build

FROM caddy:2.11.7-alpine
COPY Caddyfile /etc/caddy/Caddyfile
COPY --from=build /src/web/dist /srv
ENV QUILL_BIND=0.0.0.0 QUILL_DISCOVERY=dynamic QUILL_WEB_ROOT=/srv
ARG REVISION=unknown
LABEL org.opencontainers.image.title="Quill's door" \
    org.opencontainers.image.description="Caddy with every public path of Quill and the web app" \
    org.opencontainers.image.version="0.1.0" \
    org.opencontainers.image.revision=$REVISION \
    org.opencontainers.image.licenses="Apache-2.0"
USER 10001:10001
EXPOSE 8080
