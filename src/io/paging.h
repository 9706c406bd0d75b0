#pragma once

#include <cstdint>

#include "io/file.h"

namespace windrow::io {

// How a mapping's pages are held; hints only, a system that cannot follow one is no error. Measurements behind
// the choices: README, "Residency".

// Faults fill 2 MiB pages where the file system has large folios.
void advise_huge(const Mapping& mapping);
// Faults read just the page that is missing: for tables larger than memory, and for writable ones.
void advise_random(const Mapping& mapping);
// Reads everything now, 2 MiB at a time. kIo when a page cannot be read (a bad disk, a truncated file).
Result<void> populate(const Mapping& mapping);

// Memory that could be used without swapping: the system's estimate, or less inside a limited control group.
uint64_t available_memory();
// Bytes of the mapping that are in memory; bytes of it that are mapped by 2 MiB pages.
uint64_t resident_bytes(const Mapping& mapping);
uint64_t huge_bytes(const Mapping& mapping);

}  // namespace windrow::io
