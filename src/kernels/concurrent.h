#pragma once

// Around the functions of kernels that load or store rows of a table.
//
// A lookup beside a training step may see a row half old, half new: lookup.h says so. To C++ that is a data
// race, and clang's thread sanitizer would report every one. These functions are exempt, so that what it does
// report is a race that nobody meant. The exemption goes by function, and std::memcpy of a length known only
// at run time is a function of its own: whoever calls it, the sanitizer watches it. So only kernels move rows.
//
// The two stand just inside Highway's own pair, which pushes and pops attributes as well. They are nothing
// in other builds, which have nothing to be exempt from, and for g++, which has no such pragma.
#if defined(__clang__)
#if __has_feature(thread_sanitizer)
#define WINDROW_RACY_BEGIN \
  _Pragma("clang attribute push(__attribute__((no_sanitize(\"thread\"))), apply_to = function)")
#define WINDROW_RACY_END _Pragma("clang attribute pop")
#endif
#endif

#ifndef WINDROW_RACY_BEGIN
#define WINDROW_RACY_BEGIN
#define WINDROW_RACY_END
#endif
