// Whether the issuers that a service trusts stay found and the others stay out, whatever tenants are made up meanwhile.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "engine/issuer_registry.hpp"
#include "support/byte_reader.hpp"
#include "support/expect.hpp"
#include "support/issued.hpp"

namespace authjwks {
namespace {

using Source = std::shared_ptr<KeySource>;

const std::vector<std::string> kNamed{"https://one.example/", "https://two.example/"};
constexpr std::string_view kTenants = "https://tenants.example/";
constexpr std::size_t kMaxUnanswered = 64,
                      kMaxFailed = 64;  // that docs/keys.md says are waited for, and may fail at once
constexpr Clock::duration kFailureInterval = std::chrono::milliseconds(500);
constexpr std::size_t kSteps = 100;

class Service {
  public:
    explicit Service(fuzz::ByteReader& input) : input_(input) {
        for (const std::string& name : kNamed) named_.push_back(*registry_.find(name));
    }

    void run() {
        for (std::size_t step = 0; step < kSteps && !input_.empty(); ++step) {
            act();
            check();
        }
    }

  private:
    void act() {
        switch (input_.choice(9)) {
            case 0: return find_tenant(tenant());
            case 1: return answer(tenant());
            case 2: return find_crowd();
            case 3: return find_untrusted(std::string(input_.text_until('\n')));
            case 4: return admit(std::string(input_.text_until('\n')));
            case 5: now_ += std::chrono::milliseconds(input_.number() % 100000); return;
            case 6: return check_sources();
            case 7: return input_.byte() == 0 ? close() : find_tenant(tenant());
            case 8: return ask_failed(tenant());
        }
    }

    std::string tenant() { return std::string(kTenants) + std::to_string(input_.byte()); }

    Source open(const std::string& issuer) {
        const auto source = std::make_shared<KeySource>(
            KeyOptions{.ttl = std::chrono::hours(1000)},
            KeySourceDependencies{.label = issuer,
                                  .load = [this, issuer](const LoadRequest&) -> Result<LoadedKeys, FetchFailure> {
                                      if (failing_ == issuer) return FetchFault::unreachable;
                                      ++answers_;
                                      return LoadedKeys{*KeySet::parse(fuzz::kOneIssuedKey, {})};
                                  },
                                  .now = [this] { return now_; },
                                  .jitter = [] { return 0.5; },
                                  .cancel = [this](const KeySource& ending) { forget(ending); }});
        ++opened_;
        ++living_;
        return source;
    }

    void forget(const KeySource& ending) {
        --living_;
        with_keys_.erase(&ending);
    }

    void find_tenant(const std::string& issuer) {
        const auto found = registry_.find(issuer);
        fuzz::expect(found || is_for_lack_of_keys(found.error()), "a tenant is not called a wrong issuer");
        if (found) fuzz::expect((*found)->label() == issuer, "what is found is the issuer that was asked for");
        if (const auto known = answered_.find(issuer); known != answered_.end())
            fuzz::expect(found && *found == known->second, "an issuer whose keys are known is not evicted");
    }

    /// Has a tenant's keys fetched, and looked up once more.
    void answer(const std::string& issuer) {
        const auto found = registry_.find(issuer);
        if (!found || closed_) return;
        static_cast<void>((*found)->obtain(WaitPolicy::until_deadline));
        with_keys_.insert(found->get());
        const auto again = registry_.find(issuer);
        fuzz::expect(again && *again == *found, "an issuer that has just responded is still there");
        if (is_crowded_) return;
        answered_[issuer] = *found;
        if (answered_.size() <= IssuerRegistry::kMaxKnown) return;
        is_crowded_ = true;  // from now on the least used go
        answered_.clear();
    }

    void ask_failed(const std::string& issuer) {
        const auto found = registry_.find(issuer);
        if (!found || closed_ || (*found)->report().age) return;
        failing_ = issuer;
        static_cast<void>((*found)->refresh());
        failing_.clear();
        const auto again = registry_.find(issuer);
        fuzz::expect(!again && is_for_lack_of_keys(again.error()), "one that has just failed is not asked again");
        fuzz::expect(registry_.retry_after(issuer) > Clock::duration::zero(), "and the caller gets a retry time");
    }

    void find_crowd() {
        const auto first = input_.number() % 100000, size = input_.byte() % 100U;
        const bool answers = input_.flag();
        for (unsigned int i = 0; i < size; ++i) {
            const std::string issuer = std::string(kTenants) + std::to_string(first + i);
            answers ? answer(issuer) : find_tenant(issuer);
        }
    }

    void find_untrusted(const std::string& issuer) {
        const auto is_plain = [](char letter) {
            return (letter >= '0' && letter <= '9') || ((letter | 32) >= 'a' && (letter | 32) <= 'z') ||
                   std::string_view("-_.").find(letter) != std::string_view::npos;
        };
        const std::string_view rest = std::string_view(issuer).substr(std::min(kTenants.size(), issuer.size()));
        if (issuer.starts_with(kTenants) && std::ranges::all_of(rest, is_plain)) return;
        if (std::ranges::find(kNamed, issuer) != kNamed.end() || admitted_.contains(issuer)) return;
        const auto opened = opened_;
        const auto found = registry_.find(issuer);
        fuzz::expect(!found, "an issuer that is not trusted is refused");
        fuzz::expect(opened_ == opened, "and no source is made for it");
    }

    void admit(const std::string& issuer) {
        if (issuer.starts_with(kTenants) || std::ranges::find(kNamed, issuer) != kNamed.end()) return;
        trusts_ = true;
        const auto admitted = registry_.find(issuer);
        trusts_ = false;
        if (!admitted) return fuzz::expect(is_for_lack_of_keys(admitted.error()), "admitted, or later");
        fuzz::expect((*admitted)->label() == issuer, "what is admitted is the issuer that was named");
        admitted_.insert(issuer);
    }

    TrustDecision::Kind decision() const {
        return trusts_ ? TrustDecision::Kind::trusted : TrustDecision::Kind::not_trusted;
    }

    void check_sources() {
        const auto sources = registry_.sources();
        fuzz::expect(sources.size() <= kNamed.size() + IssuerRegistry::kMaxKnown + kMaxUnanswered, "few are in use");
        fuzz::expect(std::set<Source>(sources.begin(), sources.end()).size() == sources.size(), "and each once");
        const auto is_used = [&sources](const Source& source) {
            return std::ranges::find(sources, source) != sources.end();
        };
        fuzz::expect(std::ranges::all_of(named_, is_used), "the named are among them");
        for (const auto& [issuer, source] : answered_)
            fuzz::expect(is_used(source), "and those that have responded are");
    }

    void close() {
        registry_.close();
        closed_ = true;
    }

    void check() {
        for (std::size_t i = 0; i < kNamed.size(); ++i) {
            const auto found = registry_.find(kNamed[i]);
            fuzz::expect(found && *found == named_[i], "a named issuer is always found");
            if (!closed_) continue;
            const auto failure = (*found)->refresh();
            fuzz::expect(failure && failure->fault == FetchFault::stopped, "and asked no more after the end");
        }
        fuzz::expect(living_ <= kNamed.size() + with_keys_.size() + kMaxUnanswered, "few wait for an answer");
        fuzz::expect(with_keys_.size() <= IssuerRegistry::kMaxKnown + kMaxUnanswered, "sources are bounded");
        const auto failed = opened_ - kNamed.size();
        const auto more = static_cast<std::size_t>((now_ - kStart) / kFailureInterval);
        fuzz::expect(failed <= answers_ + kMaxFailed + more, "no more new issuers fail than is allowed");
    }

    fuzz::ByteReader& input_;
    static constexpr Tick kStart{std::chrono::hours(1000)};
    Tick now_ = kStart;
    bool closed_ = false, is_crowded_ = false, trusts_ = false;
    std::size_t opened_ = 0, living_ = 0, answers_ = 0, draws_ = 0;
    std::string failing_;
    std::set<const KeySource*> with_keys_;  // those alive
    std::set<std::string> admitted_;
    IssuerRegistry registry_{
        kNamed,
        {IssuerTemplate(std::string(kTenants) + "{tenant}")},
        {.open = [this](const std::string& issuer, const auto&, const auto&) { return open(issuer); },
         .now = [this] { return now_; },
         .random = [this] { return static_cast<double>(++draws_ % 64) / 64; },
         .decide = [this](const std::string&) { return TrustDecision{decision()}; }}};
    std::vector<Source> named_;
    std::map<std::string, Source> answered_;
};

}  // namespace
}  // namespace authjwks

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    authjwks::fuzz::ByteReader input(data, size);
    authjwks::Service(input).run();
    return 0;
}
