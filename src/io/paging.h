#pragma once

#include <cstdint>
#include <span>

#include "io/file.h"

namespace windrow::io {

// How a mapping's pages are held; hints only, a system that cannot follow one is no error. Measurements behind
// the choices: README, "Residency".

// Faults fill 2 MiB pages where the file system has large folios.
void advise_huge(const Mapping& mapping);
// Faults read just the page that is missing: for tables larger than memory, and for writable ones.
void advise_random(const Mapping& mapping);

// Reads bytes [begin, end) now, 2 MiB at a time. False when the system has no call for it; kIo when a page cannot
// be read (a bad disk, a truncated file).
Result<bool> populate(const Mapping& mapping, uint64_t begin, uint64_t end);
// The same into pages of 4 KiB, for mappings under advise_random(): asked for some way ahead, since such a
// mapping would otherwise wait for the disk at each of its pages.
Result<bool> populate_small_pages(const Mapping& mapping, uint64_t begin, uint64_t end);

// Memory that could be used without swapping: the system's estimate, or less inside a limited control group.
uint64_t available_memory();
// Bytes of the mapping that are in memory.
uint64_t resident_bytes(const Mapping& mapping);
// Bytes of all these mappings that are mapped by 2 MiB pages: one look at the process, however many there are.
uint64_t huge_bytes(std::span<const Mapping> mappings);

}  // namespace windrow::io
