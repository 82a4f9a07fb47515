"""What the tests share: servers, databases and builders of facts."""
