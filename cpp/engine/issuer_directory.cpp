#include "engine/issuer_directory.hpp"

#include <utility>

namespace authjwks {

IssuerDirectory::IssuerDirectory(const std::vector<std::string>& names, std::optional<IssuerTemplate> pattern,
                                 Open open, Now now)
    : pattern_(std::move(pattern)), open_(std::move(open)), now_(std::move(now)) {
    for (const std::string& name : names) named_.try_emplace(name, open_(name));
    ForkGuard::add(*this, ForkGuard::Rank::directory);
}

IssuerDirectory::~IssuerDirectory() { ForkGuard::remove(*this); }

Result<std::shared_ptr<KeySource>> IssuerDirectory::find(std::string_view issuer) {
    const std::string name(issuer);
    if (const auto named = named_.find(name); named != named_.end()) return named->second;
    {
        Entries forgotten;  // outlives the lock: the end of a source reaches for locks that come before ours
        const std::scoped_lock lock(mutex_);
        if (auto source = look_up(issuer, forgotten)) return source;
    }
    if (!pattern_ || !pattern_->matches(issuer)) return Errc::wrong_issuer;
    return admit(name, open_(name));
}

Result<std::shared_ptr<KeySource>> IssuerDirectory::admit(const std::string& issuer,
                                                          std::shared_ptr<KeySource> source) {
    Entries forgotten;
    const std::scoped_lock lock(mutex_);
    if (auto other = look_up(issuer, forgotten)) return other;
    const Tick now = now_();
    if (strangers_.size() == kMaxStrangers) {
        if (now - strangers_.front().since < kStrangersTime) return Errc::keys_unavailable;
        forget_oldest(strangers_, forgotten);
    }
    strangers_.push_back({issuer, source, now});
    by_issuer_.emplace(strangers_.back().issuer, std::prev(strangers_.end()));
    return source;
}

/// The source of an issuer that is not one of the named; a stranger that has answered meanwhile becomes known.
std::shared_ptr<KeySource> IssuerDirectory::look_up(std::string_view issuer, Entries& forgotten) {
    const auto found = by_issuer_.find(issuer);
    if (found == by_issuer_.end()) return nullptr;
    const auto entry = found->second;
    auto source = entry->source;
    if (entry->known) {
        known_.splice(known_.end(), known_, entry);
    } else if (source->ready()) {
        entry->known = true;
        known_.splice(known_.end(), strangers_, entry);
        if (known_.size() > kMaxKnown) forget_oldest(known_, forgotten);
    }
    return source;
}

void IssuerDirectory::forget_oldest(Entries& entries, Entries& forgotten) {
    by_issuer_.erase(entries.front().issuer);
    forgotten.splice(forgotten.end(), entries, entries.begin());
}

std::vector<std::shared_ptr<KeySource>> IssuerDirectory::sources() const {
    const std::scoped_lock lock(mutex_);
    std::vector<std::shared_ptr<KeySource>> all;
    all.reserve(named_.size() + known_.size() + strangers_.size());
    for (const auto& [issuer, source] : named_) all.push_back(source);
    for (const Entries* entries : {&known_, &strangers_})
        for (const Entry& entry : *entries) all.push_back(entry.source);
    return all;
}

}  // namespace authjwks
