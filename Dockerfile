# One image for both programs: the manager starts by default, the gateway's Deployment sets command: ["/gateway"].
# The final image has nothing but the programs and the system's certificates; BASE_IMAGE can name a distroless static
# image of your registry instead, and BUILDER_IMAGE a mirror.
ARG BUILDER_IMAGE=golang:1.26
ARG BASE_IMAGE=scratch

FROM ${BUILDER_IMAGE} AS builder
ARG TARGETOS
ARG TARGETARCH
WORKDIR /src

# Where Go modules come from, if not from where Go itself would ask. All of their sums are in go.sum.
ARG GOPROXY

# The modules first: this layer is reused until go.mod changes.
COPY go.mod go.sum ./
RUN go mod download

COPY api api
COPY cmd cmd
COPY controllers controllers
COPY internal internal

# What the programs call themselves.
ARG VERSION=dev
RUN CGO_ENABLED=0 GOOS=${TARGETOS:-linux} GOARCH=${TARGETARCH} \
    go build -trimpath -buildvcs=false \
      -ldflags "-s -w -X github.com/jiratokens/jira-token-operator/internal/cli.release=${VERSION}" -o /out/ ./cmd/manager ./cmd/gateway

FROM ${BASE_IMAGE}
COPY --from=builder /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/
COPY --from=builder /out/manager /out/gateway /
# By number, so that runAsNonRoot can be checked without looking into the image.
USER 65532:65532
ENTRYPOINT ["/manager"]
