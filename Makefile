# hairline: `make demo` and `make test` do all their own set-up on a fresh Debian 12 machine.
#   make demo       matte a sample picture, results in out/, the command in build/hairline
#   make test       build everything and run every test (ctest)
#   make test-long  long fuzzing, sanitizers, endurance
#   make device-bundle       what a bare machine needs to check and time the compiled networks; NETS="bgmv2-resnet50 ..."
#   make ptxas-table         compile the CUDA kernels and have NVIDIA's assembler count their registers and spills
#   make golden     record PyTorch's golden values again (needs several gigabytes for PyTorch)
#   make compare    our solvers against PyMatting, in one run
#   make compare-networks    our networks against other engines, in one run; CASE=... for one of them (installs several gigabytes)
JOBS ?= $(shell nproc)
CMAKE := .venv/bin/cmake
CTEST := .venv/bin/ctest

.PHONY: demo test test-long compare compare-networks device-bundle ptxas-table golden tool setup-build setup-test clean format

setup-build:
	@scripts/setup.sh build

setup-test:
	@scripts/setup.sh test

tool: setup-build
	@$(CMAKE) --preset release --log-level=WARNING
	@$(CMAKE) --build build --parallel $(JOBS) --target hairline_tool

demo: tool
	@scripts/demo.sh

test: setup-test
	@$(CMAKE) --preset release -DHAIRLINE_BUILD_TESTS=ON --log-level=WARNING
	@$(CMAKE) --build build --parallel $(JOBS)
	@# PoCL reads the processor's layout from /sys and aborts without it (a bare chroot): tell it the layout then.
	@if [ ! -d /sys/devices/system/cpu ]; then export HWLOC_SYNTHETIC=pu:$(JOBS) HWLOC_THISSYSTEM=1; fi; \
	  $(CTEST) --test-dir build --output-on-failure --parallel $(JOBS) --label-exclude long

test-long: test
	@scripts/test_long.sh

compare: tool
	@scripts/compare.sh $(IMAGE) $(TRIMAP)

compare-networks: tool
	@scripts/compare_networks.sh $(CASE)

device-bundle: tool
	@scripts/device_bundle.sh $(NETS)

ptxas-table: tool
	@$(CMAKE) --build build --parallel $(JOBS) --target hairline_ptxas_table

golden: tool
	@scripts/golden.sh

format:
	@git ls-files '*.hpp' '*.cpp' '*.h' | xargs clang-format-14 -i

clean:
	rm -rf build build-* out
