module loadstar/tests/strangers/go

go 1.19
