# The image of blockcast. The last stage has no compiler, no sources and no development packages.
# The base is pinned by its digest (a multi-platform index: amd64 and arm64); the tag is for readers.
FROM node:24.18.0-bookworm-slim@sha256:6f7b03f7c2c8e2e784dcf9295400527b9b1270fd37b7e9a7285cf83b6951452d AS base

FROM base AS build
WORKDIR /build
COPY package.json package-lock.json ./
RUN npm ci --no-audit --no-fund
COPY . .
# The image has the files of the npm package ("files" in package.json).
RUN npm run build \
  && npm pack --ignore-scripts --pack-destination /tmp \
  && mkdir /package \
  && tar -xzf /tmp/blockcast-*.tgz --strip-components=1 -C /package

FROM base AS dependencies
WORKDIR /build
COPY package.json package-lock.json ./
# ZeroMQ comes as a prebuilt binary for each system; it needs glibc and libstdc++, which node itself needs too.
RUN npm ci --omit=dev --no-audit --no-fund \
  && rm -r node_modules/zeromq/build/darwin node_modules/zeromq/build/win32

FROM base
LABEL org.opencontainers.image.title="blockcast" \
  org.opencontainers.image.description="Gets a Dash pool's found block to the network first, and proves that it did." \
  org.opencontainers.image.licenses="MIT"
ENV NODE_ENV=production \
  NODE_OPTIONS=--enable-source-maps
# The program belongs to root and is read-only to the user it runs as.
COPY --from=dependencies /build/node_modules /opt/blockcast/node_modules
COPY --from=build /package /opt/blockcast
# Paths of files (the peer book, the history) are relative to the working directory. A volume mounted here
# gets the folder's owner.
RUN ln -s /opt/blockcast/dist/src/main.js /usr/local/bin/blockcast \
  && install -d -o 1000 -g 1000 -m 0700 /var/lib/blockcast
WORKDIR /var/lib/blockcast
VOLUME ["/var/lib/blockcast"]
# A number, as Kubernetes' runAsNonRoot needs; 1000 is the user node of this image, and the user of dashd's image.
USER 1000:1000
EXPOSE 8080 28500 28501 28502
# The OCI image format has no health check: `podman build` needs --format=docker.
HEALTHCHECK --interval=15s --timeout=5s --start-period=30s --retries=3 \
  CMD ["node", "-e", "fetch('http://127.0.0.1:' + (parseInt(process.env.BLOCKCAST_HTTP_PORT) || 8080) + '/healthz', { signal: AbortSignal.timeout(4000) }).then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
STOPSIGNAL SIGTERM
# node is process 1: it handles SIGTERM and SIGHUP and starts no children, so no init is needed.
ENTRYPOINT ["node", "/opt/blockcast/dist/src/main.js"]
CMD ["run"]
