"""What people work with: record pages with the Work Guide, the inbox, the work item screens, the instance page."""
