// A host of the engine whose form of claims is their subject.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "engine/authenticator.hpp"

namespace authjwks::support {

struct CachedSubject : CachedClaims {
    explicit CachedSubject(std::string_view text) : subject(text) {}
    std::size_t bytes() const noexcept override { return subject.size(); }

    std::string subject;
};

class SubjectHost : public Host {
  public:
    bool run_unlocked(Work work) override {
        ++runs;
        work();
        return !gives_up;
    }
    std::unique_ptr<const CachedClaims> deliver(json::Object claims, bool to_be_cached) override {
        const auto member = json::member(claims, "sub");
        subject = std::string(member ? json::text_of(*member).value_or("") : "");
        return to_be_cached && may_cache ? std::make_unique<const CachedSubject>(subject) : nullptr;
    }
    void deliver(const CachedClaims& claims) override { subject = static_cast<const CachedSubject&>(claims).subject; }

    std::string subject = "nothing was delivered";
    bool gives_up = false, may_cache = true;
    std::size_t runs = 0;
};

/// The subject of an accepted token, the slug of a refusal, or what has to be waited for.
inline std::string outcome_of(const Verdict& verdict, const SubjectHost& host) {
    switch (verdict.kind) {
        case Verdict::Kind::accepted: return host.subject;
        case Verdict::Kind::refused: return std::string(describe(verdict.refusal).slug);
        case Verdict::Kind::pending: return verdict.is_conclusive ? "waits" : "waits and asks again";
        case Verdict::Kind::abandoned: break;
    }
    return "abandoned";
}

}  // namespace authjwks::support
