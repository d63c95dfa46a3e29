// The issuers that one service trusts, each with its own source of keys: a fixed few, or as many as a template allows.
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
#include "engine/issuer_template.hpp"
#include "keys/allowance.hpp"
#include "keys/key_source.hpp"
#include "keys/negative_cache.hpp"

namespace authjwks {

/// What a token claims as its issuer only ever picks one of these. Bounded: made-up tenants cannot push out those whose
/// keys are known, nor have the template's server asked without end, nor hold up other new tenants for good.
/// Thread-safe.
class IssuerRegistry : public ForkAware {
  public:
    static constexpr std::size_t kMaxKnown = 1024;     ///< issuers whose keys have been fetched; the least used goes
    static constexpr std::size_t kMaxUnanswered = 64;  ///< issuers that are being asked; one at random goes
    /// New issuers that may fail to answer in one burst, and the time after which it may be one more.
    static constexpr unsigned int kMaxFailures = 64;
    static constexpr Clock::duration kFailureInterval = std::chrono::milliseconds(500);

    using Open = std::function<std::shared_ptr<KeySource>(const std::string& issuer)>;
    /// What the registry does not decide itself.
    struct Dependencies {
        Open open;  ///< makes the source of an issuer, without asking it
        std::function<Tick()> now;
        std::function<double()> random;  ///< in [0, 1)
    };

    /// @param names  trusted exactly; they are never dropped. @param pattern  trusts whatever it matches.
    IssuerRegistry(const std::vector<std::string>& names, std::optional<IssuerTemplate> pattern,
                   Dependencies dependencies);
    ~IssuerRegistry() override;
    IssuerRegistry(const IssuerRegistry&) = delete;
    IssuerRegistry& operator=(const IssuerRegistry&) = delete;

    /// @return wrong_issuer for one that is not trusted; keys_unavailable for one that has just failed to answer, and
    /// for a new one while too many others have.
    Result<std::shared_ptr<KeySource>> find(std::string_view issuer);

    /// Trusts one more issuer, decided on elsewhere; it is forgotten as the template's are. @return as find().
    Result<std::shared_ptr<KeySource>> admit(const std::string& issuer, std::shared_ptr<KeySource> source);

    /// How long to wait before find() may have a source where it had none: keys_unavailable is not for ever.
    Clock::duration retry_after(std::string_view issuer) const;

    /// The sources in use now: of the named, and of others once they have answered.
    std::vector<std::shared_ptr<KeySource>> sources();

    /// Ends all fetching for good, also of issuers that nobody has asked for yet.
    void close();

  private:
    static constexpr std::size_t kMaxIssuerBytes = 2048;  // as long as a URL may be
    struct Entry {
        std::string issuer;
        std::shared_ptr<KeySource> source;
        bool known = false;
    };
    using Entries = std::list<Entry>;  // the least recently used first

    std::shared_ptr<KeySource> look_up(std::string_view issuer, Entries& forgotten);
    bool may_take_one_more(Entries& forgotten);
    void update_unanswered(Entries& forgotten);
    bool update_unanswered_entry(Entries::iterator entry, Entries& forgotten);
    Clock::duration more_back_off(std::string_view issuer) const;
    void move_to_known(Entries::iterator entry, Entries& forgotten);
    void forget(Entries& entries, Entries::iterator entry, Entries& forgotten);
    void before_fork() override { mutex_.lock(); }
    void after_fork_in_parent() override { mutex_.unlock(); }
    void after_fork_in_child() override { mutex_.unlock(); }

    const std::optional<IssuerTemplate> pattern_;
    const Dependencies dependencies_;
    std::unordered_map<std::string, std::shared_ptr<KeySource>> named_;  // never changes

    mutable std::mutex mutex_;  // guards all below
    bool closed_ = false;
    Entries known_, unanswered_;
    std::unordered_map<std::string_view, Entries::iterator> by_issuer_;  // views into both lists
    NegativeCache failed_{kMaxIssuerBytes};
    Allowance failure_allowance_{kMaxFailures, kFailureInterval};
};

}  // namespace authjwks
