#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <vector>

// Rows of floats, or of any values, that start at addresses of any alignment, with guard bytes around them.
class LooseRows {
 public:
  LooseRows(size_t rows, size_t columns, size_t value_bytes = sizeof(float))
      : stride_(columns * value_bytes + 7), bytes_(rows * stride_ + 8, kGuard) {}

  uint8_t* row(size_t r) { return bytes_.data() + 3 + r * stride_; }
  template <class Value>
  void set(size_t r, size_t column, Value value) {
    std::memcpy(row(r) + sizeof(Value) * column, &value, sizeof(Value));
  }
  template <class Value>
  Value get(size_t r, size_t column) {
    Value value;
    std::memcpy(&value, row(r) + sizeof(Value) * column, sizeof(Value));
    return value;
  }
  template <class Value>
  void set_row(size_t r, const std::vector<Value>& values) {
    std::memcpy(row(r), values.data(), values.size() * sizeof(Value));
  }
  template <class Value>
  std::vector<Value> get_row(size_t r, size_t columns) {
    std::vector<Value> values(columns);
    std::memcpy(values.data(), row(r), columns * sizeof(Value));
    return values;
  }
  // With the guards.
  const std::vector<uint8_t>& bytes() const { return bytes_; }

  // Whether nothing was written around the first `columns_bytes` bytes of any row.
  bool guards_stand(size_t columns_bytes) {
    for (size_t i = 0; i < bytes_.size(); ++i) {
      const bool in_row = i >= 3 && (i - 3) % stride_ < columns_bytes && i + 5 < bytes_.size();
      if (!in_row && bytes_[i] != kGuard) return false;
    }
    return true;
  }

 private:
  static constexpr uint8_t kGuard = 0xA5;

  size_t stride_;
  std::vector<uint8_t> bytes_;
};
