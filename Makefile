# The front door. Each line is one command; what it does is in tools/.

demo:        ; @tools/install_deps build runtime && tools/build_programs && tools/build_page && exec tools/demo
build:       ; @tools/install_deps build && tools/build_programs && tools/build_page
test:        ; @tools/test
lint:        ; @tools/lint
bench:       ; @tools/bench
integration: ; @tools/test --only programs integration docker
e2e:         ; @tools/test --only programs page e2e
clean:       ; @tools/demo stop; rm -rf build .demo dashboard/dist

.PHONY: demo build test lint bench integration e2e clean
