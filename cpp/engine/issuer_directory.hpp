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
#include "keys/key_source.hpp"

namespace authjwks {

/// What a token claims as its issuer only ever picks one of these. Bounded: made-up tenants cannot push out those whose
/// keys are known, nor have the template's server asked without end. Safe from many threads.
class IssuerDirectory : public ForkAware {
  public:
    static constexpr std::size_t kMaxKnown = 1024;    ///< issuers whose keys have been fetched; the least used goes
    static constexpr std::size_t kMaxStrangers = 64;  ///< issuers that have not answered yet
    static constexpr Clock::duration kStrangersTime = std::chrono::seconds(30);  ///< before one makes room for another

    using Open = std::function<std::shared_ptr<KeySource>(const std::string& issuer)>;
    using Now = std::function<Tick()>;

    /// @param names  trusted exactly; they are never dropped. @param pattern  trusts whatever it matches.
    /// @param open  makes the source of an issuer, without asking it.
    IssuerDirectory(const std::vector<std::string>& names, std::optional<IssuerTemplate> pattern, Open open, Now now);
    ~IssuerDirectory() override;
    IssuerDirectory(const IssuerDirectory&) = delete;
    IssuerDirectory& operator=(const IssuerDirectory&) = delete;

    /// @return wrong_issuer for one that is not trusted; keys_unavailable when too many strangers are waited for.
    Result<std::shared_ptr<KeySource>> find(std::string_view issuer);

    /// Trusts one more issuer, decided on elsewhere; it is forgotten as the template's are. @return as find().
    Result<std::shared_ptr<KeySource>> admit(const std::string& issuer, std::shared_ptr<KeySource> source);

    /// The sources in use now: of the named, and of strangers once they have answered.
    std::vector<std::shared_ptr<KeySource>> sources();

    /// Ends all fetching for good, also of issuers that nobody has asked for yet.
    void close();

  private:
    struct Entry {
        std::string issuer;
        std::shared_ptr<KeySource> source;
        Tick since;
        bool known = false;
    };
    using Entries = std::list<Entry>;  // the least recently used first

    std::shared_ptr<KeySource> look_up(std::string_view issuer, Entries& forgotten);
    void admit_to_the_known(Entries::iterator stranger, Entries& forgotten);
    void admit_who_answered(Entries& forgotten);
    void forget_oldest(Entries& entries, Entries& forgotten);
    void before_fork() override { mutex_.lock(); }
    void after_fork_in_parent() override { mutex_.unlock(); }
    void after_fork_in_child() override { mutex_.unlock(); }

    const std::optional<IssuerTemplate> pattern_;
    const Open open_;
    const Now now_;
    std::unordered_map<std::string, std::shared_ptr<KeySource>> named_;  // never changes

    mutable std::mutex mutex_;  // guards all below
    bool closed_ = false;
    Entries known_, strangers_;
    std::unordered_map<std::string_view, Entries::iterator> by_issuer_;  // views into both lists
};

}  // namespace authjwks
