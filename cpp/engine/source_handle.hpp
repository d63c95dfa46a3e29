// A key source for the time of one verdict.
#pragma once

#include <memory>
#include <utility>

#include "keys/key_source.hpp"

namespace authjwks {

/// Borrowed from whoever keeps it in the meantime, so that threads which share a verifier do not share a counter of
/// references; or held, if its keeper may drop it.
class SourceHandle {
  public:
    SourceHandle() = default;
    static SourceHandle borrow(KeySource& source) { return {source, nullptr}; }
    static SourceHandle hold(std::shared_ptr<KeySource> source) {
        KeySource* const held = source.get();
        return held == nullptr ? SourceHandle() : SourceHandle(*held, std::move(source));
    }

    explicit operator bool() const noexcept { return source_ != nullptr; }
    KeySource* operator->() const noexcept { return source_; }
    KeySource& operator*() const noexcept { return *source_; }
    /// An owner beyond the verdict.
    std::shared_ptr<KeySource> share() const { return source_->shared_from_this(); }

  private:
    SourceHandle(KeySource& source, std::shared_ptr<KeySource> held) : source_(&source), held_(std::move(held)) {}

    KeySource* source_ = nullptr;
    std::shared_ptr<KeySource> held_;
};

}  // namespace authjwks
