"""schemathesis on the server's own OpenAPI documents: no operation is ever answered with an error of the server's own.

python -m tests.e2e.schema_fuzz [EXAMPLES] [SEED]      (needs refk8s[fuzz])
"""

from __future__ import annotations

import sys
from typing import Any

from .server import Server, configmap, pod, serving

UNCLASSIFIED = ("strconv.ParseUint", "resourceVersion should not be set", "strconv.ParseInt")


def fuzz(server: Server, examples: int, seed: int) -> tuple[int, int]:
    """(operations, requests) tried. Raises AssertionError for a wrong answer."""
    import schemathesis
    from hypothesis import HealthCheck, Phase, given, settings
    from hypothesis import seed as seeded

    operations = requests = 0
    for path in server.get("/openapi/v3")["paths"]:
        schema = schemathesis.openapi.from_dict(server.get(f"/openapi/v3/{path}"))
        for found in schema.get_all_operations():
            operation: Any = found.ok()

            @seeded(seed)
            @settings(
                max_examples=examples,
                deadline=None,
                database=None,
                phases=[Phase.generate],
                suppress_health_check=list(HealthCheck),
            )
            @given(case=operation.as_strategy())
            def one(case: Any) -> None:
                nonlocal requests
                requests += 1
                (case.query or {}).pop("watch", None)  # a watch has no end
                response = case.call(base_url=server.url, timeout=20)
                wrong = response.status_code >= 500 and not any(text in response.text for text in UNCLASSIFIED)
                assert not wrong, (case.method, case.formatted_path, case.query, case.body, response.text)

            one()
            operations += 1
    return operations, requests


def main() -> None:
    """Fuzz a server and say how much was tried."""
    try:
        import schemathesis  # noqa: F401  # is it installed?
    except ImportError:
        sys.exit("schemathesis is not installed; install refk8s[fuzz]")
    examples = int(sys.argv[1]) if len(sys.argv) > 1 else 20
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else 0
    with serving("--only", "api") as server:
        server.create("/api/v1/namespaces/default/configmaps", configmap("a", a="b"))
        server.create("/api/v1/namespaces/default/pods", pod("p"))
        operations, requests = fuzz(server, examples, seed)
        lines = [line for line in server.lines if "error" in line or "alarm" in line]
    print(
        f"{operations} operations, {requests} requests, none answered with an error of the server's own (seed {seed})"
    )
    for line in lines:
        print(line)
    sys.exit(1 if lines else 0)


if __name__ == "__main__":
    main()
