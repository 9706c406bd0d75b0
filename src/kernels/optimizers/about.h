#pragma once

#include <windrow/optimizer.h>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <type_traits>

namespace windrow {

// What each optimiser says of itself. There is one file per optimiser in this folder: this specialisation, and for
// every CPU target the formula (update-inl.h). A new one is such a file and its line in all.h; the struct with its
// contract stands in optimizer.h.
//
//   kId       its number in files, never given twice (FORMAT.md, section 4)
//   kName     as optimizer_name()
//   kFields   its hyper-parameters, for messages and for the command's options
//   states()  as state_tensors()
//   problem() what is wrong with hyper-parameters that are numbers, not negative; empty if nothing is
//   scalars() what the formula needs in a step, rounded to float once; `step` counts from 1
template <class T>
struct About;

// The most tensors of state that an optimiser has.
constexpr size_t kMaxStates = 2;

// A hyper-parameter: a number, or a switch.
template <class T>
struct Field {
  std::string_view name;
  std::string_view help;
  double T::*number = nullptr;
  bool T::*flag = nullptr;

  constexpr Field(std::string_view field_name, double T::*member, std::string_view text)
      : name(field_name), help(text), number(member) {}
  constexpr Field(std::string_view field_name, bool T::*member, std::string_view text)
      : name(field_name), help(text), flag(member) {}
};

// The scalars of any optimiser: a struct of floats that each formula knows as its own.
class StepScalars {
 public:
  static constexpr size_t kBytes = 32;

  StepScalars() = default;
  template <class T>
  requires(!std::is_same_v<T, StepScalars>) explicit StepScalars(const T& scalars) {
    static_assert(std::is_trivially_copyable_v<T> && sizeof(T) <= kBytes);
    std::memcpy(bytes_.data(), &scalars, sizeof(T));
  }

  template <class T>
  T as() const {
    T scalars;
    std::memcpy(&scalars, bytes_.data(), sizeof(T));
    return scalars;
  }

 private:
  std::array<unsigned char, kBytes> bytes_{};
};

}  // namespace windrow
