#include "engine/issuer_directory.hpp"

#include <iterator>
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
    if (closed_) return Errc::keys_unavailable;
    if (strangers_.size() == kMaxStrangers) admit_who_answered(forgotten);
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
        admit_to_the_known(entry, forgotten);
    }
    return source;
}

void IssuerDirectory::admit_to_the_known(Entries::iterator stranger, Entries& forgotten) {
    stranger->known = true;
    known_.splice(known_.end(), strangers_, stranger);
    if (known_.size() > kMaxKnown) forget_oldest(known_, forgotten);
}

/// One that was asked for once and has answered since must not take a stranger's place.
void IssuerDirectory::admit_who_answered(Entries& forgotten) {
    for (auto stranger = strangers_.begin(); stranger != strangers_.end();) {
        const auto next = std::next(stranger);
        if (stranger->source->ready()) admit_to_the_known(stranger, forgotten);
        stranger = next;
    }
}

void IssuerDirectory::forget_oldest(Entries& entries, Entries& forgotten) {
    by_issuer_.erase(entries.front().issuer);
    forgotten.splice(forgotten.end(), entries, entries.begin());
}

std::vector<std::shared_ptr<KeySource>> IssuerDirectory::sources() {
    Entries forgotten;
    const std::scoped_lock lock(mutex_);
    admit_who_answered(forgotten);
    std::vector<std::shared_ptr<KeySource>> all;
    all.reserve(named_.size() + known_.size());
    for (const auto& [issuer, source] : named_) all.push_back(source);
    for (const Entry& entry : known_) all.push_back(entry.source);
    return all;
}

void IssuerDirectory::close() {
    for (const auto& [issuer, source] : named_) source->close();
    const std::scoped_lock lock(mutex_);
    closed_ = true;
    for (const Entries* entries : {&known_, &strangers_})
        for (const Entry& entry : *entries) entry.source->close();
}

}  // namespace authjwks
