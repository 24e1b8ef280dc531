"""Brings the schema to the version of this release, step by step; each step once, all of them or none.

The version that serves goes on while this runs, and so does its schema: a step adds, and takes away only what no
release before this one uses.
"""

from database import connect

STEPS = [
    "CREATE TABLE checkout.orders (name text PRIMARY KEY, costs jsonb NOT NULL)",
]


def main():
    """One transaction; whoever else migrates waits for its end."""
    connection = connect()
    cursor = connection.cursor()
    cursor.execute("SELECT pg_advisory_xact_lock(hashtext('checkout'))")
    cursor.execute("CREATE SCHEMA IF NOT EXISTS checkout")
    cursor.execute("CREATE TABLE IF NOT EXISTS checkout.steps (number int PRIMARY KEY, done timestamptz DEFAULT now())")
    cursor.execute("SELECT count(*) FROM checkout.steps")
    done = cursor.fetchone()[0]
    for number, step in enumerate(STEPS[done:], done + 1):
        print(f"step {number}: {step}", flush=True)
        cursor.execute(step)
        cursor.execute("INSERT INTO checkout.steps (number) VALUES (%s)", (number,))
    connection.commit()
    print(f"at step {len(STEPS)}, which was {done}", flush=True)


if __name__ == "__main__":
    main()
