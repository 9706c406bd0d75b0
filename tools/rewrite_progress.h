#pragma once

#include <windrow/maintenance.h>
#include <memory>
#include <string>

#include "base/fail.h"
#include "interrupt.h"
#include "progress.h"

namespace windrow::tools {

// Watches a table being written anew: a bar on a terminal, and Ctrl-C ends it without a trace.
class RewriteWatch {
 public:
  RewriteWatch(std::string what, std::string path) : what_(std::move(what)), path_(std::move(path)) {}

  RewriteProgress progress() const {
    return [this](uint64_t done, uint64_t total) {
      if (!bar_) bar_ = std::make_unique<Progress>(what_, total, "bytes");
      bar_->at(done);
      stopped_ = interrupt_.asked();
      return !stopped_;
    };
  }

  // Takes the bar away, and says of a failure when it was the user who wanted it.
  template <class T>
  Result<T> explain(Result<T> result) const {
    bar_.reset();
    if (!result && stopped_) return fail(ErrorCode::kIo, "interrupted; ", path_, " is untouched");
    return result;
  }

 private:
  std::string what_, path_;
  Interrupt interrupt_;
  mutable std::unique_ptr<Progress> bar_;
  mutable bool stopped_ = false;
};

}  // namespace windrow::tools
