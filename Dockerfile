# The product alone: no tests, no secrets, and no embedded servers but in the stage backup.

FROM python:3.11.14-slim-bookworm AS packages
COPY requirements/base.txt /
RUN python -m venv /venv \
    && /venv/bin/pip install --disable-pip-version-check --no-cache-dir \
        --require-hashes --only-binary :all: --requirement /base.txt

FROM python:3.11.14-slim-bookworm AS app
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
RUN groupadd --gid 10001 app && useradd --uid 10001 --gid app --no-create-home app
WORKDIR /app
COPY --from=packages /venv /venv
# What .dockerignore lets through.
COPY . .
RUN python -m surveillance.translations
# The settings ask for these variables; nothing here connects to anything, and nothing is kept.
RUN SECRET_KEY=it-is-used-while-the-image-is-built-and-nowhere-after \
    DATABASE_URL=postgres://build REDIS_URL=redis://build EMAIL_URL=smtp://build \
    DEFAULT_FROM_EMAIL=build@localhost SITE_URL=https://build \
    python manage.py collectstatic --noinput \
    && chmod -R a+rX,go-w .
USER 10001:10001
EXPOSE 8000 11112
CMD ["gunicorn", "surveillance.wsgi", "--config", "python:surveillance.gunicorn", "--bind", "0.0.0.0:8000", "--workers", "2", "--threads", "4", "--no-control-socket"]

# For bin/backup and bin/restore: also PostgreSQL's programs, and a server to try a backup on.
FROM app AS backup
USER root
RUN /venv/bin/pip install --disable-pip-version-check --no-cache-dir \
        --require-hashes --only-binary :all: --requirement requirements/backup.txt \
    && mkdir /trial && chown 10001:10001 /trial
ENV TMPDIR=/trial
USER 10001:10001

# What is built unless a stage is named.
FROM app
