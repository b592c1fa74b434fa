# Tells this shell where a running fleet's broker is and who a partner is there: `. samples/partner.sh` in Quill's folder.
# QUILL_HOME says which fleet, as for `make run`; in production the operator gives you the three values.
eval "$(python3 -c '
import json, os, shlex
with open(os.path.join(os.environ.get("QUILL_HOME", ".quill"), "fleet.json")) as file:
    nats = json.load(file)["nats"]
for name, value in {"URL": nats["url"], "USER": nats["partner"]["user"], "PASSWORD": nats["partner"]["password"]}.items():
    print(f"export NATS_{name}={shlex.quote(value)}")
')"
