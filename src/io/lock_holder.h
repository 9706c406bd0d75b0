#pragma once

#include <sys/stat.h>

#include <string>

namespace windrow::io {

// Which process holds a lock of this file, for messages: ` (process 1234, 'python3')`. A lock of an open file names no
// process itself (fcntl(2), F_OFD_GETLK), but the system lists it with the open file that has it (proc(5), fdinfo).
// Empty where that cannot be seen: for the processes of other users, or without /proc.
std::string lock_holder(const struct stat& file);

}  // namespace windrow::io
