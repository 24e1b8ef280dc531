#!/bin/sh
# Register the search attributes of releases and roll-forwards; what is registered already stays.
set -eu
create() { temporal operator search-attribute create --namespace default "$@"; }
create --name OnwardApplication --type Keyword
create --name OnwardRole --type Keyword
create --name OnwardCommit --type Keyword
create --name OnwardStage --type Keyword
create --name OnwardStatus --type Keyword
create --name OnwardNumber --type Int
create --name OnwardRollForward --type Keyword
create --name OnwardRuns --type KeywordList
