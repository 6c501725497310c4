"""What arrived: stored once, loaded as steps, answered by changes of rows. Imports `database`."""
