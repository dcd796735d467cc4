# Slotway as an image: Debian's packages and nothing else, an unprivileged user, no file to write.
#   docker build -t slotway:0.1.0 .
# With buildah: buildah build --format docker, for OCI's own format has no HEALTHCHECK. Arguments: BASE, a Debian 12; TESTS=on runs all
# tests before there is an image; JOBS, how many compilers run at the same time.
ARG BASE=debian:bookworm-slim

FROM ${BASE} AS build
WORKDIR /slotway
# Slotway's packages are listed there, once.
COPY scripts/packages.sh scripts/
RUN scripts/packages.sh build
COPY CMakeLists.txt CMakePresets.json LICENSE ./
COPY cmake cmake/
COPY config config/
COPY protocol protocol/
COPY routing routing/
COPY proxy proxy/
ARG JOBS=
RUN cmake --preset release -D SLOTWAY_TESTS=OFF -D SLOTWAY_BENCH=OFF \
  && cmake --build --preset release --target slotway ${JOBS:+-j "$JOBS"}
# What goes into the image, and the packages of the libraries that the binary is linked with, as it says itself. In a container others
# are to connect, so Slotway listens on all addresses where no configuration is mounted over this one; the admin port stays inside.
RUN mkdir -p /out/usr/local/bin /out/usr/share/doc/slotway /out/etc/slotway /tmp/libraries \
  && strip -o /out/usr/local/bin/slotway build/release/proxy/slotway \
  && cp LICENSE /out/usr/share/doc/slotway/ \
  && printf 'listen: 0.0.0.0:6380\n' >/out/etc/slotway/slotway.yaml \
  && cd /tmp/libraries \
  && ldd /out/usr/local/bin/slotway >linked \
  && awk '$2 == "=>" { print "*/" $1 }' linked >names \
  && xargs dpkg-query -S <names >owners \
  && cut -d : -f 1 owners | sort -u >/out/usr/share/doc/slotway/libraries
ARG TESTS=off
COPY . .
RUN if [ "$TESTS" = on ]; then ${JOBS:+env CMAKE_BUILD_PARALLEL_LEVEL="$JOBS"} scripts/test.sh; fi

FROM ${BASE}
COPY --from=build /out/usr/share/doc/slotway/libraries /usr/share/doc/slotway/
RUN apt-get update -q \
  && xargs env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends </usr/share/doc/slotway/libraries \
  && rm -rf /var/lib/apt/lists/* /var/cache/apt/* /var/cache/debconf/*-old /var/log/apt /var/log/dpkg.log
COPY --from=build /out /
ARG VERSION=0.1.0
LABEL org.opencontainers.image.title="Slotway" \
  org.opencontainers.image.description="A proxy that makes a Redis or Valkey Cluster look like one Redis server" \
  org.opencontainers.image.licenses="Apache-2.0" \
  org.opencontainers.image.version="${VERSION}"
# HEALTHCHECK knows no flags of the container: what it must know, the admin port's address, is in this file or in SLOTWAY_ADMIN.
ENV SLOTWAY_CONFIG=/etc/slotway/slotway.yaml
USER 65532:65532
EXPOSE 6380 9380
HEALTHCHECK --interval=10s --timeout=5s --start-period=10s --retries=3 CMD ["slotway", "--health"]
ENTRYPOINT ["slotway"]
