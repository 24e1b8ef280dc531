"""What is refused in a definition: text on its sixth line → what is said of it."""

from __future__ import annotations

BOMB = "a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]\n"

FAULTS = {
    "colour: red": "6: colour: unknown key; expected one of application, batch, build, config,",
    "health: {pth: /}": "6: health.pth: unknown key; expected one of command, interval, path, retries, start",
    "port: 80": "6: port: duplicate key; expected each key once (first on line 4)",
    "scale: {ci: {min: '1'}, prod: {}}": '6: scale.ci.min: "1"; expected a whole number, without quotes',
    "scale: {ci: {min: 3, max: 2}, prod: {}}": "6: scale.ci.max: 2; expected at least min, which is 3",
    "scale: {ci: {}}": "6: scale.prod: missing key; expected",
    "config: {ci: {lower: x}, prod: {}}": '6: config.ci.lower: "lower"; expected upper-case letters',
    "config: {ci: {ONWARD_ROLE: x}, prod: {}}": "expected another name: those that start with ONWARD_ are Onward's own",
    "config: {ci: {A: 1}, prod: {}}": "6: config.ci.A: 1; expected text; put it in quotes",
    "ingress: {path: cart}": '6: ingress.path: "cart"; expected a path that starts with /',
    "deploy: {timeout: soon}": '6: deploy.timeout: "soon"; expected a duration such as 500ms, 30s, 5m or 1h30m',
    "deploy: {timeout: 10ms}": "6: deploy.timeout: ",
    "verify: {bake: 90000h}": "expected at most 720h",
    "health: [1]": "6: health: a list; expected a mapping of keys to values",
    "health: {command: []}": "6: health.command: a list; expected a list with something in it",
    "secrets: [a, a]": '6: secrets.1: "a"; expected each secret once',
    "tests: {integration: {context: ../x}}": "expected a relative path inside the service's directory, without ..",
    "tests: {integration: {context: sub, dockerfile: ../Dockerfile}}": (
        '6: tests.integration.dockerfile: "../Dockerfile"; expected a relative path inside the context, without ..'
    ),
    "tests: {integration: {}}": "6: tests.integration.context: missing key; expected the suite's directory",
    **{
        f"tests: {{integration: {{context: t}}, {excuses}: [{{case: '{case}', reason: r, owner: o{until}}}]}}": (
            f'6: tests.{excuses}.0.case: "{case}"; expected a shell-style pattern such as test_total*, not of wildcards'
        )
        for excuses, until in (("retired", ""), ("quarantined", ", until: 2026-12-31"))
        for case in ("*", "?*", "*.*", "[a-z]*", "[!x]")
    },
    **{
        f"tests: {{integration: {{context: t}}, {excuses}: [{{{given}}}]}}": f"6: tests.{excuses}.0.{key}: {fault}"
        for excuses, given, key, fault in (
            ("retired", "case: a, owner: o", "reason", "missing key; expected why, for whoever reads it later"),
            ("retired", "case: a, reason: r", "owner", "missing key; expected who answers for it"),
            ("retired", "reason: r, owner: o", "case", "missing key; expected a shell-style pattern"),
            ("quarantined", "case: a, owner: o, until: 2026-12-31", "reason", "missing key; expected why"),
            ("quarantined", "case: a, reason: r, until: 2026-12-31", "owner", "missing key; expected who answers"),
            ("quarantined", "case: a, reason: r, owner: o", "until", "missing key; expected the last day"),
            ("quarantined", "case: a, reason: r, owner: o, until: soon", "until", '"soon"; expected'),
            ("retired", "case: a, reason: '', owner: o", "reason", '""; expected some text'),
        )
    },
    "kind: static": "5: build.output: missing key; expected the directory that holds the site, for kind static",
    "kind: daemon": '6: kind: "daemon"; expected one of',
    "writes: {queues: [Jobs]}": '6: writes.queues.0.name: "Jobs"; expected lower-case words',
    "writes: {queues: [7]}": "6: writes.queues.0: 7; expected a name, or a mapping with one",
    "writes: {queues: [{fifo: true}]}": "6: writes.queues.0.name: missing key; expected lower-case words",
    "writes: {queues: [{name: a, colour: red}]}": "6: writes.queues.0.colour: unknown key; expected one of",
    "writes: {queues: [{name: a, visibility: 500ms}]}": '6: writes.queues.0.visibility: "500ms"; expected whole',
    "writes: {queues: [{name: a, visibility: 13h}]}": "6: writes.queues.0.visibility: 13h; expected at most 12 hours",
    "writes: {queues: [{name: a, dead_letter: {after: 0}}]}": "6: writes.queues.0.dead_letter.after: 0; expected at",
    "writes: {queues: [a, {name: a}]}": '6: writes.queues.1: "a"; expected each queue once',
    "writes: {queues: [a-dead, {name: a, dead_letter: {after: 2}}]}": "another name: a-dead is the queue of the dead",
    "writes: {buckets: [{name: a, expire: 90}]}": "6: writes.buckets.0.expire: 90; expected whole days such as 90d",
    "batch: {timeout: 5m}": "6: batch: a mapping; expected this key only for kind batch",
    "kind: datastore": "1: datastore: missing key; expected volume and version of the data, for kind datastore",
    "datastore: {volume: /data, version: '15'}": "6: datastore: a mapping; expected this key only for kind datastore",
    **{
        f"kind: datastore\ndatastore: {{volume: /data, version: '15'}}\n{key}": f"8: {fault}"
        for key, fault in (
            (
                "scale: {ci: {}, prod: {max: 2}}",
                "scale.prod: a mapping; expected min and max 1: two processes",
            ),
            ("ingress: {path: /x}", "ingress: a mapping; expected nothing: only who reads it reaches a datastore"),
            ("reads: {services: [a]}", "reads: a mapping; expected nothing: a datastore is on no network but"),
            ("deploy: {migrate: [a]}", "deploy.migrate: a list; expected nothing: the service that owns a schema"),
        )
    },
    **{
        f"kind: datastore\ndatastore: {{{keys}}}": f"7: datastore.{fault}"
        for keys, fault in (
            ("version: '15'", "volume: missing key; expected"),
            ("volume: data, version: '15'", 'volume: "data"; expected an absolute path below /, without ..'),
            ("volume: /, version: '15'", 'volume: "/"; expected an absolute path below /'),
            ("volume: /data, version: 15", "version: 15; expected text; put it in quotes"),
            ("volume: /data, version: latest", 'version: "latest"; expected a version such as 15 or 15.4, in quotes'),
            ("volume: /data, version: '15', upgrade_from: '15.1'", 'upgrade_from: "15.1"; expected a major version'),
            (
                "volume: /d, version: '15', upgrade_from: '16'",
                'upgrade_from: "16"; expected a major version below 15',
            ),
            ("volume: /data, version: '15', backup: {}", "backup.command: missing key; expected"),
        )
    },
    "x: [": "7: not YAML: ",
    BOMB: "7: alias *a; expected the value written out",
    "x: !!str y": "6: tag tag:yaml.org,2002:str; expected plain values without tags",
    "<<: {port: 1}": "6: merge key <<; expected the keys written out",
    "1: x": "6: a key that is not text; expected text keys",
    "---\na: b": "6: not YAML: but found another document; expected one YAML document",
    f"x: {'[' * 40}{']' * 40}": "6: nested too deeply; expected at most 32 levels",
    f"# {'x' * 262_144}": "6: too large; expected at most 256 KiB",
    'owner2: "\\0"': "6: owner2: text with NUL",
}
