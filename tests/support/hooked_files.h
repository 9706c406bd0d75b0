#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "io/file.h"

// A file system that asks before every call that may fail: the answer is an error to be returned instead, or nothing.
// Whoever asks may also count, or end the process. With kDone calls of files are done all the same, as by a disk that has
// written and then says that it has not.
class HookedFiles final : public windrow::io::FileSystem {
 public:
  using Error = windrow::Error;
  template <class T>
  using Result = windrow::Result<T>;
  using Hook = std::function<std::optional<Error>(const char* call, const std::string& path)>;

  enum class Failing { kNotDone, kDone };
  HookedFiles(FileSystem& inner, Hook hook, Failing failing = Failing::kNotDone)
      : inner_(inner), hook_(std::move(hook)), failing_(failing) {}

  Result<std::unique_ptr<windrow::io::File>> open(const std::string& path, windrow::io::Access access) override {
    if (auto error = hook_("open", path)) return tl::make_unexpected(*error);
    auto file = inner_.open(path, access);
    if (!file) return file;
    return std::make_unique<HookedFile>(*this, std::move(*file));
  }
  Result<bool> exists(const std::string& path) const override {
    if (auto error = hook_("exists", path)) return tl::make_unexpected(*error);
    return inner_.exists(path);
  }
  Result<windrow::io::FileId> id_of(const std::string& path) const override {
    if (auto error = hook_("identify", path)) return tl::make_unexpected(*error);
    return inner_.id_of(path);
  }
  Result<void> rename(const std::string& from, const std::string& to) override {
    if (auto error = hook_("rename", from)) return tl::make_unexpected(*error);
    return inner_.rename(from, to);
  }
  Result<void> remove(const std::string& path) override {
    if (auto error = hook_("remove", path)) return tl::make_unexpected(*error);
    return inner_.remove(path);
  }
  Result<void> sync_folder_of(const std::string& path) override {
    if (auto error = hook_("sync folder", path)) return tl::make_unexpected(*error);
    return inner_.sync_folder_of(path);
  }
  Result<std::vector<std::string>> list_folder_of(const std::string& path) const override {
    if (auto error = hook_("list folder", path)) return tl::make_unexpected(*error);
    return inner_.list_folder_of(path);
  }
  std::string resolve(const std::string& path) const override { return inner_.resolve(path); }
  std::array<uint8_t, 16> boot_id() const override { return inner_.boot_id(); }
  uint64_t random64() override { return inner_.random64(); }

 private:
  class HookedFile final : public windrow::io::File {
   public:
    HookedFile(HookedFiles& system, std::unique_ptr<File> inner) : system_(system), inner_(std::move(inner)) {}

    const std::string& path() const override { return inner_->path(); }
    Result<uint64_t> size() const override {
      return ask<uint64_t>("size", [&] { return inner_->size(); });
    }
    Result<void> read(uint64_t offset, std::span<uint8_t> bytes) const override {
      return ask<void>("read", [&] { return inner_->read(offset, bytes); });
    }
    Result<void> write(uint64_t offset, std::span<const uint8_t> bytes) override {
      return ask<void>("write", [&] { return inner_->write(offset, bytes); });
    }
    Result<void> write_durable(uint64_t offset, std::span<const uint8_t> bytes) override {
      return ask<void>("write slot", [&] { return inner_->write_durable(offset, bytes); });
    }
    Result<void> copy_from(const File& source, uint64_t from, uint64_t to, uint64_t bytes) override {
      const auto* hooked = dynamic_cast<const HookedFile*>(&source);
      return ask<void>("copy", [&] { return inner_->copy_from(hooked ? *hooked->inner_ : source, from, to, bytes); });
    }
    Result<void> reserve(uint64_t bytes) override {
      return ask<void>("reserve", [&] { return inner_->reserve(bytes); });
    }
    Result<void> own_blocks() override {
      return ask<void>("own blocks", [&] { return inner_->own_blocks(); });
    }
    Result<void> sync() override {
      return ask<void>("sync", [&] { return inner_->sync(); });
    }
    Result<windrow::io::Mapping> map() const override {
      return ask<windrow::io::Mapping>("map", [&] { return inner_->map(); });
    }
    Result<windrow::io::Mapping> map_writable() override {
      return ask<windrow::io::Mapping>("map", [&] { return inner_->map_writable(); });
    }
    Result<void> lock() override {
      return ask<void>("lock", [&] { return inner_->lock(); });
    }
    Result<bool> is_locked_elsewhere() const override {
      return ask<bool>("ask for the lock", [&] { return inner_->is_locked_elsewhere(); });
    }
    Result<bool> is_current() const override {
      return ask<bool>("identify", [&] { return inner_->is_current(); });
    }
    Result<windrow::io::FileId> id() const override {
      return ask<windrow::io::FileId>("identify", [&] { return inner_->id(); });
    }
    void take_permissions_of(const std::string& path) override { inner_->take_permissions_of(path); }
    void evict() const override { inner_->evict(); }
    void rest() const override { inner_->rest(); }

   private:
    template <class T, class Call>
    Result<T> ask(const char* name, Call call) const {
      const auto error = system_.hook_(name, inner_->path());
      if (!error) return call();
      if (system_.failing_ == Failing::kDone) (void)call();
      return tl::make_unexpected(*error);
    }

    HookedFiles& system_;
    std::unique_ptr<File> inner_;
  };

  FileSystem& inner_;
  Hook hook_;
  Failing failing_;
};
