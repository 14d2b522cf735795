# The front door. Each line is one command; what it does is in tools/.

demo:        ; @tools/install_deps build runtime && tools/build_programs && tools/build_page && exec tools/demo
build:       ; @tools/install_deps build && tools/build_programs && tools/build_page
test:        ; @tools/test
lint:        ; @tools/lint
bench:       ; @tools/bench
fuzz:        ; @tools/fuzz
fuzz-api:    ; @tools/install_deps build test && tools/build_programs && tools/fuzz_api
integration: ; @tools/test --only programs integration docker
matrix:      ; @tools/matrix
e2e:         ; @tools/test --only programs page e2e
states:      ; @tools/install_deps build runtime test && tools/build_programs && FAULTLINE_STATES=all /usr/bin/python3 -m pytest -q -p no:cacheprovider tests/states
soak:        ; @tools/soak
clean:       ; @tools/demo stop; rm -rf build .demo dashboard/dist

.PHONY: demo build test lint bench fuzz fuzz-api soak states integration matrix e2e clean
