#include "engine/issuer_registry.hpp"

#include <algorithm>
#include <iterator>
#include <stdexcept>
#include <utility>

#include "net/url.hpp"

namespace authjwks {
namespace {

/// Those of `names` that differ from `issuer` by a slash at the end alone.
std::vector<std::string> other_spellings(const std::string& issuer, const std::vector<std::string>& names) {
    std::vector<std::string> others;
    std::ranges::copy_if(names, std::back_inserter(others), [&issuer](const std::string& name) {
        return name != issuer && without_slash(name) == without_slash(issuer);
    });
    return others;
}

}  // namespace

IssuerRegistry::IssuerRegistry(const std::vector<std::string>& names, std::vector<IssuerTemplate> patterns,
                               Dependencies dependencies)
    : patterns_(std::move(patterns)), dependencies_(std::move(dependencies)) {
    for (const std::string& name : names) {
        if (named_.contains(name)) continue;
        const auto spellings = other_spellings(name, names);
        sources_of_named_.push_back(dependencies_.open(name, std::nullopt, spellings));
        named_.emplace(name, sources_of_named_.back());
        for (const std::string& spelling : spellings) named_.emplace(spelling, sources_of_named_.back());
    }
    ForkGuard::add(*this, ForkGuard::Rank::registry);
}

IssuerRegistry::~IssuerRegistry() { ForkGuard::remove(*this); }

Result<std::shared_ptr<KeySource>> IssuerRegistry::find(std::string_view issuer) {
    const std::string name(issuer);
    if (const auto named = named_.find(name); named != named_.end()) return named->second;
    const bool is_match = any_matches(patterns_, issuer);
    {
        Entries removed;  // outlives the lock: the destructor of a source takes locks that come before ours
        const std::scoped_lock lock(mutex_);
        if (auto source = look_up(issuer, removed)) return source;
        if (failed_.until(issuer, dependencies_.now())) return Errc::keys_unavailable;
        if (!is_match && !dependencies_.decide) return Errc::wrong_issuer;
        if (closed_) return Errc::source_closed;
        if (!may_take_one_more(removed)) return Errc::keys_unavailable;
    }
    return is_match ? admit(name, dependencies_.open(name, std::nullopt, {})) : find_decided(name);
}

/// Asks the host about an issuer, without a lock held.
Result<std::shared_ptr<KeySource>> IssuerRegistry::find_decided(const std::string& issuer) {
    TrustDecision decision = dependencies_.decide(issuer);
    if (decision.kind == TrustDecision::Kind::failed) return Errc::keys_unavailable;
    if (decision.kind == TrustDecision::Kind::not_trusted) return Errc::wrong_issuer;
    std::shared_ptr<KeySource> source;
    try {
        source = dependencies_.open(issuer, std::move(decision.jwks_uri), {});
    } catch (const std::invalid_argument&) {
        return Errc::wrong_issuer;
    }
    return admit(issuer, std::move(source));
}

std::shared_ptr<KeySource> IssuerRegistry::find_known(std::string_view issuer) {
    if (const auto named = named_.find(std::string(issuer)); named != named_.end()) return named->second;
    Entries removed;
    const std::scoped_lock lock(mutex_);
    return look_up(issuer, removed);
}

/// Adds an issuer that is trusted, unless another thread has done so meanwhile.
Result<std::shared_ptr<KeySource>> IssuerRegistry::admit(const std::string& issuer, std::shared_ptr<KeySource> source) {
    Entries removed;
    const std::scoped_lock lock(mutex_);
    if (auto other = look_up(issuer, removed)) return other;
    if (closed_) return Errc::source_closed;
    const Tick now = dependencies_.now();
    if (failed_.until(issuer, now) || !may_take_one_more(removed)) return Errc::keys_unavailable;
    failure_allowance_.take(now);
    if (unanswered_.size() == kMaxUnanswered) {
        const auto place = static_cast<std::size_t>(dependencies_.random() * kMaxUnanswered);
        remove(unanswered_, std::next(unanswered_.begin(), static_cast<std::ptrdiff_t>(place)), removed);
    }
    unanswered_.push_back({issuer, source});
    by_issuer_.emplace(unanswered_.back().issuer, std::prev(unanswered_.end()));
    return source;
}

/// The source of an issuer that is not named in advance, unless it has failed to respond.
std::shared_ptr<KeySource> IssuerRegistry::look_up(std::string_view issuer, Entries& removed) {
    const auto found = by_issuer_.find(issuer);
    if (found == by_issuer_.end()) return nullptr;
    const auto entry = found->second;
    auto source = entry->source;
    if (entry->known)
        known_.splice(known_.end(), known_, entry);
    else if (!update_unanswered_entry(entry, removed))
        return nullptr;
    return source;
}

/// Whether a new issuer may be asked. Those that have responded meanwhile give their share of the allowance back.
bool IssuerRegistry::may_take_one_more(Entries& removed) {
    const Tick now = dependencies_.now();
    const auto none_left = [&] { return failure_allowance_.wait(now) > Clock::duration::zero(); };
    if (none_left() || unanswered_.size() == kMaxUnanswered) update_unanswered(removed);
    return !none_left();
}

void IssuerRegistry::update_unanswered(Entries& removed) {
    for (auto entry = unanswered_.begin(); entry != unanswered_.end();) update_unanswered_entry(entry++, removed);
}

/// Moves an issuer that had not responded to the known or to the failed ones, if it has by now. @return false if it
/// failed.
bool IssuerRegistry::update_unanswered_entry(Entries::iterator entry, Entries& removed) {
    if (entry->source->ready()) {
        move_to_known(entry, removed);
    } else if (entry->source->has_failed()) {
        failed_.add(entry->issuer, dependencies_.now() + entry->source->retry_after() + more_back_off(entry->issuer));
        remove(unanswered_, entry, removed);
        return false;
    }
    return true;
}

/// What is added to the back-off of a source that has failed once, for an issuer that had failed before: a few issuers
/// that never respond would use up the allowance of new ones. The whole is 1 s, and doubles up to 30 s.
Clock::duration IssuerRegistry::more_back_off(std::string_view issuer) const {
    constexpr unsigned int doublings = 5;  // enough to reach the longest
    constexpr Clock::duration first = std::chrono::seconds(1), longest = std::chrono::seconds(30);
    constexpr Clock::duration of_source = std::chrono::milliseconds(500);
    return std::min(longest, first * (1U << std::min(failed_.times(issuer), doublings))) - of_source;
}

void IssuerRegistry::move_to_known(Entries::iterator entry, Entries& removed) {
    failure_allowance_.give_back();
    failed_.remove(entry->issuer);
    entry->known = true;
    known_.splice(known_.end(), unanswered_, entry);
    if (known_.size() > kMaxKnown) remove(known_, known_.begin(), removed);
}

void IssuerRegistry::remove(Entries& entries, Entries::iterator entry, Entries& removed) {
    by_issuer_.erase(entry->issuer);
    removed.splice(removed.end(), entries, entry);
}

Clock::duration IssuerRegistry::retry_after(std::string_view issuer) const {
    const std::scoped_lock lock(mutex_);
    const Tick now = dependencies_.now();
    const auto failed_until = failed_.until(issuer, now);
    return std::max(failed_until ? *failed_until - now : Clock::duration::zero(), failure_allowance_.wait(now));
}

std::vector<std::shared_ptr<KeySource>> IssuerRegistry::sources() {
    Entries removed;
    const std::scoped_lock lock(mutex_);
    update_unanswered(removed);
    auto all = sources_of_named_;
    all.reserve(all.size() + known_.size());
    for (const Entry& entry : known_) all.push_back(entry.source);
    return all;
}

void IssuerRegistry::close() {
    for (const auto& source : sources_of_named_) source->close();
    const std::scoped_lock lock(mutex_);
    closed_ = true;
    for (const Entries* entries : {&known_, &unanswered_})
        for (const Entry& entry : *entries) entry.source->close();
}

}  // namespace authjwks
