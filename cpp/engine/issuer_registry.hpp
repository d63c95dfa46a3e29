// The issuers that one service trusts, each with its own source of keys: a few that are named, those that match a
// template, and those that the host decides to trust.
#pragma once

#include <cstddef>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/fork_guard.hpp"
#include "base/result.hpp"
#include "engine/trust_decision.hpp"
#include "jose/issuer_template.hpp"
#include "keys/allowance.hpp"
#include "keys/key_source.hpp"
#include "keys/negative_cache.hpp"

namespace authjwks {

/// Bounded: made-up issuers can neither evict those whose keys are known, nor cause requests without end, nor keep new
/// issuers out for good. Thread-safe.
class IssuerRegistry : public ForkAware {
  public:
    static constexpr std::size_t kMaxKnown = 1024;  ///< issuers whose keys were fetched; the least used is evicted
    static constexpr std::size_t kMaxUnanswered =
        64;  ///< issuers that have not responded yet; one at random is evicted
    /// How many new issuers may fail to respond in one burst, and the time after which one more may.
    static constexpr unsigned int kMaxFailures = 64;
    static constexpr Clock::duration kFailureInterval = std::chrono::milliseconds(500);

    struct Dependencies {
        /// Makes the source of an issuer, without asking it; its keys are at `jwks_uri`, or else found by discovery,
        /// by metadata that may name one of the other `spellings` as the issuer.
        /// @throws std::invalid_argument for a URL that is refused.
        std::function<std::shared_ptr<KeySource>(const std::string& issuer, std::optional<std::string> jwks_uri,
                                                 std::vector<std::string> spellings)>
            open;
        std::function<Tick()> now;
        std::function<double()> random;  ///< in [0, 1)
        DecideTrust decide{};            ///< on issuers that are neither named nor match a pattern; empty: none
    };

    /// @param names  trusted exactly; never evicted. One issuer with and without a slash at its end has one source,
    /// which is called by the first of the two. @param patterns  each trusts all issuers that match it.
    IssuerRegistry(const std::vector<std::string>& names, std::vector<IssuerTemplate> patterns,
                   Dependencies dependencies);
    ~IssuerRegistry() override;
    IssuerRegistry(const IssuerRegistry&) = delete;
    IssuerRegistry& operator=(const IssuerRegistry&) = delete;

    /// The source of an issuer that is trusted, made now if need be. @return wrong_issuer for one that is not trusted;
    /// keys_unavailable for one that has just failed to respond, for a new one while too many others have, and where
    /// no decision could be made; source_closed after close().
    Result<std::shared_ptr<KeySource>> find(std::string_view issuer);

    /// The source of an issuer that is in use already; null for any other.
    std::shared_ptr<KeySource> find_known(std::string_view issuer);

    /// How long a caller that find() returned keys_unavailable to should wait before it asks again.
    Clock::duration retry_after(std::string_view issuer) const;

    /// The sources in use now: of the named issuers, and of others once they have responded.
    std::vector<std::shared_ptr<KeySource>> sources();

    /// Ends all fetching for good, also of issuers that are not known yet.
    void close();

  private:
    static constexpr std::size_t kMaxIssuerBytes = 2048;  // as long as a URL may be
    struct Entry {
        std::string issuer;
        std::shared_ptr<KeySource> source;
        bool known = false;
    };
    using Entries = std::list<Entry>;  // the least recently used first

    Result<std::shared_ptr<KeySource>> find_decided(const std::string& issuer);
    Result<std::shared_ptr<KeySource>> admit(const std::string& issuer, std::shared_ptr<KeySource> source);
    std::shared_ptr<KeySource> look_up(std::string_view issuer, Entries& removed);
    bool may_take_one_more(Entries& removed);
    void update_unanswered(Entries& removed);
    bool update_unanswered_entry(Entries::iterator entry, Entries& removed);
    Clock::duration more_back_off(std::string_view issuer) const;
    void move_to_known(Entries::iterator entry, Entries& removed);
    void remove(Entries& entries, Entries::iterator entry, Entries& removed);
    void before_fork() override { mutex_.lock(); }
    void after_fork_in_parent() override { mutex_.unlock(); }
    void after_fork_in_child() override { mutex_.unlock(); }

    const std::vector<IssuerTemplate> patterns_;
    const Dependencies dependencies_;
    std::unordered_map<std::string, std::shared_ptr<KeySource>> named_;  // by every spelling; never changes
    std::vector<std::shared_ptr<KeySource>> sources_of_named_;           // each once; never changes

    mutable std::mutex mutex_;  // guards all below
    bool closed_ = false;
    Entries known_, unanswered_;
    std::unordered_map<std::string_view, Entries::iterator> by_issuer_;  // views into both lists
    NegativeCache failed_{kMaxIssuerBytes};
    Allowance failure_allowance_{kMaxFailures, kFailureInterval};
};

}  // namespace authjwks
