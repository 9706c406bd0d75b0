#pragma once

#include <exception>
#include <new>
#include <stdexcept>

#include "base/fail.h"

namespace windrow {

// Runs the body of a public function: nothing is thrown across the API.
template <class Body>
auto guard(Body&& body) -> decltype(body()) {
  try {
    return body();
  } catch (const std::bad_alloc&) {
    return fail(ErrorCode::kNoMemory, "out of memory");
  } catch (const std::length_error&) {
    return fail(ErrorCode::kNoMemory, "out of memory: a size is beyond what can be allocated");
  } catch (const std::exception& e) {
    return fail(ErrorCode::kIo, "unexpected failure: ", std::string_view(e.what()));
  }
}

}  // namespace windrow
