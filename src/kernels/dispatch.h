#pragma once

namespace windrow::kernels {

// Picks the best instruction set of this CPU, unless one was picked already. A getter calls it before it
// hands out a function pointer: before the first dispatch Highway gives a trampoline that picks anew on every
// call.
void choose_target_once();

}  // namespace windrow::kernels
