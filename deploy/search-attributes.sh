#!/bin/sh
# Register the search attributes of releases; what is registered already stays.
set -eu
for name in OnwardApplication OnwardRole OnwardCommit OnwardStage OnwardStatus; do
    temporal operator search-attribute create --namespace default --name "$name" --type Keyword
done
temporal operator search-attribute create --namespace default --name OnwardNumber --type Int
