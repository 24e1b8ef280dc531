# PostgreSQL on /data. The first start makes the database; one that was killed in the middle of it begins again.
set -eu
if [ ! -d /data/15 ]; then
  rm -rf /data/new
  initdb --pgdata=/data/new --username=postgres --pwfile=/run/secrets/postgres-password \
    --auth-local=peer --auth-host=scram-sha-256 --encoding=UTF8 --no-locale --no-instructions
  echo "host all all all scram-sha-256" >> /data/new/pg_hba.conf
  sync
  mv /data/new /data/15
fi
# Of a task that was killed; nobody else has the volume.
rm -f /data/15/postmaster.pid
exec postgres -D /data/15 -c listen_addresses='*' -c unix_socket_directories=/tmp
