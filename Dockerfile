# The worker: one image for all duties; which one it runs is its command, what it may do its keys.
FROM python:3.11-slim

RUN apt-get update -qq \
 && apt-get install -qq -y --no-install-recommends git \
 && rm -rf /var/lib/apt/lists/* \
 && useradd --system --create-home onward \
 && install -d -o onward /var/lib/onward/rules

COPY --from=prom/prometheus:v2.53.4 /bin/promtool /usr/local/bin/
WORKDIR /onward
COPY deploy/requirements.lock ./
RUN pip install --quiet --no-cache-dir --require-hashes -r requirements.lock
COPY telemetry.py worker.py ./
COPY domain domain
COPY workflows workflows
COPY activities activities
COPY stores stores
COPY engines engines
COPY duties duties
COPY settings settings

USER onward
ENTRYPOINT ["python", "worker.py", "--duty"]
CMD ["orchestrate"]
