#pragma once

#include <unistd.h>

#include <utility>

namespace windrow::io {

// A file descriptor that is closed with its owner; -1 is none. What close() returns is of no use: data that
// must be on disk has been synced before.
class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  ~Descriptor() {
    if (number_ >= 0) ::close(number_);
  }
  Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  Descriptor& operator=(Descriptor&&) = delete;

  int get() const { return number_; }
  explicit operator bool() const { return number_ >= 0; }

 private:
  int number_;
};

}  // namespace windrow::io
