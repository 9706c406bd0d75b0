#pragma once

namespace windrow::kernels {

// Picks the best instruction set of this CPU, unless one was picked already. A getter calls it before it
// hands out a function pointer: before the first dispatch Highway gives a trampoline that picks anew on every
// call.
void choose_target_once();

// Whether short rows of floats that come from memory are best read by half a cache line at a time: so it is on
// AMD's processors, and not on Intel's (bench/README.md, "Width of vectors").
bool reads_half_lines_faster();

}  // namespace windrow::kernels
