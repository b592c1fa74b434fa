#!/bin/sh
# Writes .env (0600) beside docker-compose.yml with a random value for every secret; keeps one that is there.
set -eu
cd "$(dirname "$0")/../.."
umask 077
if [ -e .env ]; then
    echo ".env is there already; remove it to make new secrets (and the volumes that were made with the old ones)." >&2
    exit 1
fi

# A letter first: NATS's configuration would read digits as a number.
secret() {
    printf '%s=q%s\n' "$1" "$(od -An -N24 -tx1 /dev/urandom | tr -d ' \n')"
}

secrets=$(
    for role in POSTGRES AUTH AUTH_OWNER PATIENTS PATIENTS_OWNER LETTERS LETTERS_OWNER NOTIFY NOTIFY_OWNER \
        FHIR OPENEHR EHRBASE EHRBASE_RESTRICTED; do
        secret "QUILL_DB_PASSWORD_$role"
    done
    # The last is between the servers of a cluster.
    for user in AUTH PATIENTS LETTERS NOTIFY PROVISION OPERATOR BACKUP PARTNER ROUTE; do
        secret "NATS_${user}_PASSWORD"
    done
    for key in PSEUDONYM_KEY PASSWORD_PEPPER REFRESH_KEY AUTH_ENCRYPTION_KEY NOTIFY_ENCRYPTION_KEY \
        EHRBASE_PASSWORD EHRBASE_ADMIN_PASSWORD; do
        secret "QUILL_$key"
    done
    # Any 32 random bytes are a P-256 scalar, but for a chance of 2^-32.
    printf 'QUILL_VAPID_PRIVATE_KEY=%s\n' "$(head -c 32 /dev/urandom | base64 | tr '+/' '-_' | tr -d '=\n')"
)
printf '%s\n' "$secrets" >.env
echo "Wrote .env. Next: docker compose up --build --detach --wait"
