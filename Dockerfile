# mlops-grade, ready to grade with, and with what it needs to keep students' code in a box.
#
#   docker build -t mlops-grade .
#   docker run --rm -v "$PWD:/work:ro" mlops-grade . --format json > result.json
#
# The repository is best mounted read-only. To write reports, run it as who owns the folder:
#
#   docker run --rm --user "$(id -u):$(id -g)" -v "$PWD:/work" mlops-grade . --report html=report.html
#
# What is fetched for the projects' environments is kept between runs with
# -v mlops-grade-cache:/home/grader/.cache
#
# Which box there is (`docker run --rm mlops-grade doctor` tries each, by getting out of it):
#
# Landlock needs no option. Docker's own filter of system calls lets it through since 20.10.18,
# and the host's kernel must be 5.13 or later with Landlock switched on.
#
# bubblewrap makes namespaces and mounts, which a container may not by default. It is taken first
# where these three let it (https://github.com/containers/bubblewrap/issues/505 and 284):
#
#   --security-opt seccomp=unconfined       the filter refuses new user namespaces
#   --security-opt apparmor=unconfined      docker-default refuses every mount
#   --security-opt systempaths=unconfined   a masked /proc can't be mounted again inside
#
# (for the last, Podman says unmask=ALL) and, where the host is Ubuntu 23.10 or later, this on the
# host: sysctl kernel.apparmor_restrict_unprivileged_userns=0. Each of them takes a wall of the
# container away, so prefer Landlock where it will do: it lacks only sockets for the tests. Never
# --privileged, and never the engine's socket: whoever gets out of a box would own the host.

# By the exact version and not by a digest, which could not be looked up where this was written:
# `docker buildx imagetools inspect python:3.12.12-slim-bookworm` prints it.
FROM python:3.12.12-slim-bookworm AS wheel
WORKDIR /src
RUN python -m pip install --no-cache-dir hatchling==1.33.0
COPY . .
# Without isolation it builds with the hatchling above, and not with today's newest.
RUN python -m pip wheel --no-cache-dir --no-deps --no-build-isolation --wheel-dir /dist .

FROM python:3.12.12-slim-bookworm
LABEL org.opencontainers.image.title="mlops-grade" \
      org.opencontainers.image.description="Rubric grader and code-quality auditor for student MLOps repositories" \
      org.opencontainers.image.licenses="MIT"
# Debian keeps only the newest build of a package: pinned to the versions of its release 12, open to
# their security updates.
RUN apt-get update \
    && apt-get install --yes --no-install-recommends bubblewrap=0.8.0-* git=1:2.39.* \
    && rm -rf /var/lib/apt/lists/*
# The measuring tools are pinned exactly by the wheel itself: their versions are part of the ruler.
RUN --mount=type=bind,from=wheel,source=/dist,target=/dist \
    python -m venv /opt/mlops-grade \
    && /opt/mlops-grade/bin/pip install --no-cache-dir /dist/*.whl
ENV PATH=/opt/mlops-grade/bin:$PATH
# Somebody who owns nothing in here but a home. With --user it is the home of another one, alone in
# here as well.
RUN useradd --create-home --uid 10001 grader \
    && install --directory --mode=1777 /home/grader /home/grader/.cache
ENV HOME=/home/grader
WORKDIR /work
USER 10001
# No HEALTHCHECK: it is a command that ends, not a service.
ENTRYPOINT ["mlops-grade"]
CMD ["--help"]
