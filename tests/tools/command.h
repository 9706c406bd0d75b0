#pragma once

#include <sys/wait.h>

#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "format/npy.h"
#include "support/temporary_folder.h"

// The command as a user meets it: arguments in, exit status and two streams out.

struct Outcome {
  int status;  // the exit status; 128 + the signal's number when it was killed
  std::string out;
  std::string err;

  bool says(const std::string& text) const {
    return out.find(text) != std::string::npos || err.find(text) != std::string::npos;
  }
};

inline std::string read_text(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

inline void write_bytes(const std::string& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary) << bytes;
}

inline std::string quoted(const std::string& word) {
  std::string text = "'";
  for (const char c : word) text += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return text + "'";
}

// Runs shell text in which $W is the command and the folder's files have their plain names.
inline Outcome run_shell(const TemporaryFolder& folder, const std::string& text) {
  const char* command = std::getenv("WINDROW_COMMAND");
  if (!command) throw std::runtime_error("WINDROW_COMMAND must be the path of the command");
  const TemporaryFolder streams;
  const std::string whole = "cd " + quoted(folder.path()) + " && W=" + quoted(command) + " && { " + text +
                            "\n} >" + quoted(streams / "out") + " 2>" + quoted(streams / "err") +
                            " </dev/null";
  const int status = std::system(whole.c_str());
  return {WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status), read_text(streams / "out"),
          read_text(streams / "err")};
}

inline Outcome windrow_command(const TemporaryFolder& folder, const std::vector<std::string>& arguments) {
  std::string text = "exec \"$W\"";
  for (const std::string& argument : arguments) text += " " + quoted(argument);
  return run_shell(folder, "( " + text + " )");
}

// Arrays as numpy writes them.
template <class T>
void write_array(const std::string& path, std::string_view descr, const std::vector<uint64_t>& shape,
                 const std::vector<T>& values) {
  const auto header = windrow::npy::header_for(descr, shape);
  std::string bytes(header.begin(), header.end());
  bytes.append(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T));
  write_bytes(path, bytes);
}

struct Matrix {
  std::vector<uint64_t> shape;
  std::vector<float> values;
};

inline Matrix read_matrix(const std::string& path) {
  const std::string text = read_text(path);
  const std::span<const uint8_t> bytes(reinterpret_cast<const uint8_t*>(text.data()), text.size());
  const auto header = windrow::npy::parse(bytes, bytes.size());
  if (!header || header->descr != "<f4") throw std::runtime_error(path + ": not a float32 array");
  Matrix matrix{header->shape, std::vector<float>(header->data_bytes / sizeof(float))};
  if (!matrix.values.empty())
    std::memcpy(matrix.values.data(), text.data() + header->data_begin, header->data_bytes);
  return matrix;
}
