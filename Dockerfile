# The daemon alone: its binary, the libraries that it links, certificates and time zones. No shell,
# no package manager; what one needs in an incident are commands of the binary itself (`loadstar
# validate`, `loadstar push`).
#
#   docker build -t loadstar:0.1.0 .
#   docker run --rm -v "$PWD/loadstar.yaml:/etc/loadstar/loadstar.yaml:ro" -p 127.0.0.1:7070:7070 loadstar:0.1.0
FROM debian:12-slim AS build
WORKDIR /source
COPY deploy/packages.txt deploy/install-packages.sh deploy/
RUN deploy/install-packages.sh build
COPY CMakeLists.txt CMakePresets.json ./
COPY proto proto
COPY core core
COPY config config
COPY server server
RUN cmake --preset release -DLOADSTAR_BUILD_TESTS=OFF \
 && cmake --build --preset release --target loadstar
COPY deploy/image deploy/image
# Fails if the binary links a library that deploy/image/libraries.txt does not name.
RUN deploy/image/make-rootfs.sh build/release/server/loadstar /rootfs

FROM scratch
COPY --from=build /rootfs /
# The same number as in deploy/kubernetes; it has no name and owns nothing.
USER 65532:65532
# gRPC; probes and metrics
EXPOSE 7070 7071
STOPSIGNAL SIGTERM
ENTRYPOINT ["/usr/bin/loadstar"]
CMD ["serve", "--config", "/etc/loadstar/loadstar.yaml"]
