# The production image: web, worker, beat and migrate are the same image with other commands (docker-compose.yml).

FROM python:3.13-slim-trixie AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
COPY requirements.txt /tmp/
RUN python -m venv /venv \
    && /venv/bin/pip install --require-hashes --only-binary=:all: --requirement /tmp/requirements.txt

FROM python:3.13-slim-trixie
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
RUN useradd --system --user-group --uid 10001 --no-create-home --shell /usr/sbin/nologin clinic
COPY --from=build /venv /venv
WORKDIR /app
COPY . .
# collectstatic loads the settings, which insist on their variables; it connects to nothing, and no value stays behind.
RUN SECRET_KEY=unused ALLOWED_HOSTS=unused PUBLIC_URL=https://unused DATABASE_URL=postgresql://unused/unused \
    BROKER_URL=redis://unused EMAIL_URL=smtp://unused \
    python manage.py collectstatic --no-input \
    && python -m compileall -q clinic patients plans \
    && install --directory --owner=10001 --group=10001 --mode=700 /files
USER 10001:10001
EXPOSE 8000
# No access log: its lines would hold what was searched for, and patients' links. WEB_CONCURRENCY sets the processes.
CMD ["gunicorn", "clinic.wsgi", "--bind", "0.0.0.0:8000", "--worker-class", "gthread", "--threads", "4", \
     "--worker-tmp-dir", "/dev/shm", "--graceful-timeout", "30", "--no-control-socket"]
