#include "engine/issuer_registry.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace authjwks {

IssuerRegistry::IssuerRegistry(const std::vector<std::string>& names, std::optional<IssuerTemplate> pattern,
                               Dependencies dependencies)
    : pattern_(std::move(pattern)), dependencies_(std::move(dependencies)) {
    for (const std::string& name : names) named_.try_emplace(name, dependencies_.open(name));
    ForkGuard::add(*this, ForkGuard::Rank::registry);
}

IssuerRegistry::~IssuerRegistry() { ForkGuard::remove(*this); }

Result<std::shared_ptr<KeySource>> IssuerRegistry::find(std::string_view issuer) {
    const std::string name(issuer);
    if (const auto named = named_.find(name); named != named_.end()) return named->second;
    {
        Entries forgotten;  // outlives the lock: the end of a source reaches for locks that come before ours
        const std::scoped_lock lock(mutex_);
        if (auto source = look_up(issuer, forgotten)) return source;
        if (failed_.until(issuer, dependencies_.now())) return Errc::keys_unavailable;
        if (!pattern_ || !pattern_->matches(issuer)) return Errc::wrong_issuer;
        if (!may_take_one_more(forgotten)) return Errc::keys_unavailable;
    }
    return admit(name, dependencies_.open(name));
}

Result<std::shared_ptr<KeySource>> IssuerRegistry::admit(const std::string& issuer, std::shared_ptr<KeySource> source) {
    Entries forgotten;
    const std::scoped_lock lock(mutex_);
    if (auto other = look_up(issuer, forgotten)) return other;
    const Tick now = dependencies_.now();
    if (failed_.until(issuer, now) || !may_take_one_more(forgotten)) return Errc::keys_unavailable;
    failure_allowance_.take(now);
    if (unanswered_.size() == kMaxUnanswered) {
        const auto place = static_cast<std::size_t>(dependencies_.random() * kMaxUnanswered);
        forget(unanswered_, std::next(unanswered_.begin(), static_cast<std::ptrdiff_t>(place)), forgotten);
    }
    unanswered_.push_back({issuer, source});
    by_issuer_.emplace(unanswered_.back().issuer, std::prev(unanswered_.end()));
    return source;
}

/// The source of an issuer that is not one of the named, unless it has turned out not to answer.
std::shared_ptr<KeySource> IssuerRegistry::look_up(std::string_view issuer, Entries& forgotten) {
    const auto found = by_issuer_.find(issuer);
    if (found == by_issuer_.end()) return nullptr;
    const auto entry = found->second;
    auto source = entry->source;
    if (entry->known)
        known_.splice(known_.end(), known_, entry);
    else if (!update_unanswered_entry(entry, forgotten))
        return nullptr;
    return source;
}

/// Whether a new issuer may be asked. Those that have answered since they were asked give their share back.
bool IssuerRegistry::may_take_one_more(Entries& forgotten) {
    if (closed_) return false;
    const Tick now = dependencies_.now();
    const auto none_left = [&] { return failure_allowance_.wait(now) > Clock::duration::zero(); };
    if (none_left() || unanswered_.size() == kMaxUnanswered) update_unanswered(forgotten);
    return !none_left();
}

void IssuerRegistry::update_unanswered(Entries& forgotten) {
    for (auto entry = unanswered_.begin(); entry != unanswered_.end();) update_unanswered_entry(entry++, forgotten);
}

/// Moves an unanswered issuer to where it belongs by now. @return false when that is among those that failed.
bool IssuerRegistry::update_unanswered_entry(Entries::iterator entry, Entries& forgotten) {
    if (entry->source->ready()) {
        move_to_known(entry, forgotten);
    } else if (entry->source->has_failed()) {
        failed_.add(entry->issuer, dependencies_.now() + entry->source->retry_after() + more_back_off(entry->issuer));
        forget(unanswered_, entry, forgotten);
        return false;
    }
    return true;
}

/// What is added to the back-off of a source that has failed once, for its issuer that failed before: a few that never
/// answer would take all that new ones may ask for. Doubles the whole, up to 30 s.
Clock::duration IssuerRegistry::more_back_off(std::string_view issuer) const {
    constexpr unsigned int doublings = 5;  // lead past the longest
    constexpr Clock::duration first = std::chrono::seconds(1), longest = std::chrono::seconds(30);
    return std::min(longest, first * (1U << std::min(failed_.times(issuer), doublings))) - first;
}

void IssuerRegistry::move_to_known(Entries::iterator entry, Entries& forgotten) {
    failure_allowance_.give_back();
    failed_.remove(entry->issuer);
    entry->known = true;
    known_.splice(known_.end(), unanswered_, entry);
    if (known_.size() > kMaxKnown) forget(known_, known_.begin(), forgotten);
}

void IssuerRegistry::forget(Entries& entries, Entries::iterator entry, Entries& forgotten) {
    by_issuer_.erase(entry->issuer);
    forgotten.splice(forgotten.end(), entries, entry);
}

Clock::duration IssuerRegistry::retry_after(std::string_view issuer) const {
    const std::scoped_lock lock(mutex_);
    const Tick now = dependencies_.now();
    const auto failed_until = failed_.until(issuer, now);
    return std::max(failed_until ? *failed_until - now : Clock::duration::zero(), failure_allowance_.wait(now));
}

std::vector<std::shared_ptr<KeySource>> IssuerRegistry::sources() {
    Entries forgotten;
    const std::scoped_lock lock(mutex_);
    update_unanswered(forgotten);
    std::vector<std::shared_ptr<KeySource>> all;
    all.reserve(named_.size() + known_.size());
    for (const auto& [issuer, source] : named_) all.push_back(source);
    for (const Entry& entry : known_) all.push_back(entry.source);
    return all;
}

void IssuerRegistry::close() {
    for (const auto& [issuer, source] : named_) source->close();
    const std::scoped_lock lock(mutex_);
    closed_ = true;
    for (const Entries* entries : {&known_, &unanswered_})
        for (const Entry& entry : *entries) entry.source->close();
}

}  // namespace authjwks
