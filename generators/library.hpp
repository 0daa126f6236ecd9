#pragma once
#include <vector>

#include "lowering/family.hpp"

/// Small instances of what has a schedule for devices alone; only tests/kernels calls them.
std::vector<KernelSpec> device_cases();

/// Compiles every kernel of a library for every wanted level, each in a process of its own, unless the cache has it.
///
///   --library NAME       what it is called; without --kernels also which list of kernels (image_ops)
///   --kernels FILE       the kernels, as a network's list program writes them
///   --levels A,B,...     x86-64, avx2, avx512, avx512_bf16, avx512_amx, opencl, cuda
///   --record NAME        "default", the name of tuned schedule records, or of an autoscheduler (Adams2019, Li2018,
///                        Mullapudi2016); a kernel without a record of that name takes the default
///   --features A-B       further Halide target features for everything: asan, tsan
///   --jobs N             processes at a time (0: one per core)
///   --cache DIR          compiled objects by content
///   --linker PATH        ld, for joining objects
///   -o DIR               gets NAME_kernels.o (all kernels), NAME_runtime.o (Halide's), NAME_table.cpp,
///   NAME_manifest.json
int library_main(int argc, char** argv);
