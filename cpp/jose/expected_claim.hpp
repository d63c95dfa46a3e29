// A claim that must be there with one of the values that a service expects, such as the id of a client.
#pragma once

#include <cstdint>
#include <functional>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "base/json.hpp"

namespace authjwks {

class ExpectedClaim {
  public:
    using Value = std::variant<bool, std::int64_t, std::uint64_t, std::string>;

    /// @throws std::invalid_argument for an empty name, and where there is no value.
    ExpectedClaim(std::string name, const std::vector<Value>& values);

    const std::string& name() const noexcept { return name_; }
    /// Whether `claim` is one of the values. Types count: true is not 1, and 1 is neither 1.0 nor "1".
    bool accepts(json::Value claim) const;

  private:
    std::string name_;
    std::set<std::string, std::less<>> texts_;
    std::set<std::int64_t> signed_numbers_;
    std::set<std::uint64_t> unsigned_numbers_;  // of which all are beyond what is signed
    std::set<bool> booleans_;
};

}  // namespace authjwks
